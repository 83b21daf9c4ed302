/** A UUID of version 4. Browsers have `crypto.randomUUID` in secure contexts only. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const lengths = [8, 4, 4, 4, 12];
  let from = 0;
  return lengths.map((length) => hex.slice(from, (from += length))).join("-");
}
