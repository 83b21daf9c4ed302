import type { Server } from "node:http";
import type { Socket } from "node:net";

export interface ConnectionCaps {
  /** Connections at once; further ones are closed as they come. */
  max: number;
  /** The same for one address; 0 for no limit, as behind a proxy, where everybody has its address. */
  perAddressMax: number;
  /** Told of every connection that was closed. */
  onDropped: (error: Error) => void;
}

/** Bounds how many connections a server holds: each costs memory and a file descriptor before it has said a word. */
export function capConnections(
  server: Server,
  { max, perAddressMax, onDropped }: ConnectionCaps,
): void {
  server.maxConnections = max;
  server.on("drop", () => onDropped(new Error(`more than ${max} connections at once`)));
  if (perAddressMax === 0) return;
  const held = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const count = held.get(address) ?? 0;
    if (count >= perAddressMax) {
      onDropped(new Error(`more than ${perAddressMax} connections of one address`));
      socket.destroy();
      return;
    }
    held.set(address, count + 1);
    socket.once("close", () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left > 0) held.set(address, left);
      else held.delete(address);
    });
  });
}
