import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";

const DEFAULT_PORTS = { "redis-sentinel:": 26379 };

/**
 * Asks the Redis behind a URL for a PONG, in its own protocol: no client library is installed yet.
 * Returns null when it answered, else why it cannot be used. Of a sentinel or cluster URL the first host is asked.
 */
export async function whyRedisIsUnusable(url, { timeoutMs = 2_000 } = {}) {
  const target = parseRedisUrl(url);
  if (target === null) return "it is not a URL such as redis://localhost:6379";
  try {
    const replies = await talk(target, commandsFor(target), timeoutMs);
    return replies.find((reply) => reply.startsWith("-"))?.slice(1) ?? null;
  } catch (error) {
    return error.message || error.code || "no connection";
  }
}

/** The URL without user name and password, fit for a log. Works on what is no URL too. */
export function withoutCredentials(url) {
  return url.replace(/\/\/[^/]*@/, "//***@").replace(/([?&][^=&]*password=)[^&]*/gi, "$1***");
}

function parseRedisUrl(url) {
  // Not `new URL`: it refuses the several hosts of a sentinel or cluster URL.
  const match = /^(rediss?(?:-sentinel|-cluster)?:)\/\/(?:([^/]*)@)?([^/?]*)/.exec(url);
  if (match === null) return null;
  const [, protocol, credentials, hosts] = match;
  const [, host, port] = /^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/.exec(hosts.split(",")[0]) ?? [];
  if (host === undefined) return null;
  return {
    protocol,
    host: host.replace(/^\[|\]$/g, "") || "localhost",
    port: Number(port ?? DEFAULT_PORTS[protocol] ?? 6379),
    credentials: credentials === undefined ? null : readCredentials(credentials),
  };
}

function readCredentials(text) {
  const colon = text.indexOf(":");
  const [user, password] = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  return { user: safelyDecoded(user), password: safelyDecoded(password) };
}

function safelyDecoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function commandsFor({ protocol, credentials }) {
  // A sentinel's own password is another than the one in the URL: whether it answers at all is all we ask.
  if (protocol === "redis-sentinel:" || !credentials?.password) return [["PING"]];
  const { user, password } = credentials;
  return [user ? ["AUTH", user, password] : ["AUTH", password], ["PING"]];
}

/** Sends commands whose answers are of one line each. */
function talk({ protocol, host, port }, commands, timeoutMs) {
  return new Promise((resolve, reject) => {
    const socket =
      protocol === "rediss:"
        ? connectTls({ host, port, servername: host })
        : connectTcp({ host, port });
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    let received = "";
    socket.setEncoding("utf8");
    socket.write(commands.map(encode).join(""));
    socket.on("data", (text) => {
      received += text;
      const lines = received.split("\r\n");
      if (lines.length > commands.length) {
        resolve(lines.slice(0, commands.length));
        socket.end();
      }
    });
    socket.on("error", reject);
    socket.on("close", () => {
      clearTimeout(timer);
      reject(new Error("the connection was closed without an answer"));
    });
  });
}

function encode(command) {
  const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${command.length}\r\n${words.join("")}`;
}
