import type { SeededRandom } from "../chaos/seeded-random.ts";
import type { GeneratedRequest } from "./generated-request.ts";

const NOISE_BYTES_MAX = 400;

/** Bytes for a socket: noise, or a request some bytes of which were changed, or that was cut short. */
export function damagedBytes(
  { method, path, headers, body }: GeneratedRequest,
  random: SeededRandom,
): Buffer {
  if (random.chance(0.25)) return noise(random);
  const length = Buffer.byteLength(body ?? "") + random.between(0, 2);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === null ? [] : [`Content-Length: ${length}`]),
  ];
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
  for (let n = random.between(0, 5); n > 0; n -= 1)
    bytes[random.between(0, bytes.length - 1)] = random.between(0, 255);
  return random.chance(0.33) ? bytes.subarray(0, random.between(0, bytes.length)) : bytes;
}

function noise(random: SeededRandom): Buffer {
  const count = random.between(0, NOISE_BYTES_MAX);
  return Buffer.from(Array.from({ length: count }, () => random.between(0, 255)));
}
