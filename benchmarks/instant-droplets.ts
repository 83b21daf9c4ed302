import { createServer } from "node:http";

/** Droplets that answer at once, and the Registry that lists them: as many names as asked for, one server. */
const count = Number(process.env["DROPLET_COUNT"] ?? 1);
let delivered = 0;
let listed = count;
let isHanging = false;
const hanging: (() => void)[] = [];

const server = createServer((request, response) => {
  const { url = "/" } = request;
  if (url === "/droplets") {
    const endpoint = `http://${request.headers.host}`;
    const droplets = Array.from({ length: listed }, (_, n) => ({
      id: 100 + n,
      name: `bench-${n}`,
      endpoint,
    }));
    response.end(JSON.stringify({ droplets }));
    return;
  }
  if (url === "/delivered") {
    response.end(String(delivered));
    return;
  }
  if (url.startsWith("/list/")) {
    listed = Number(url.slice("/list/".length));
    response.end("ok");
    return;
  }
  if (url === "/hang/on" || url === "/hang/off") {
    isHanging = url === "/hang/on";
    for (const release of hanging.splice(0)) release();
    response.end("ok");
    return;
  }
  if (url === "/hang" && isHanging) {
    request.resume();
    hanging.push(() => response.writeHead(200).end());
    return;
  }
  request.resume();
  request.on("end", () => {
    if (request.headers["user-agent"] !== "registration") delivered++;
    response.writeHead(200, { "content-type": "application/json" });
    response.end('{"ok":true}');
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ event: "droplets.listening", port })}\n`);
});
