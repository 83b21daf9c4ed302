import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { STATUS_CODES } from "node:http";
import type { ErrorResponse } from "@orchestrator/contract";

/**
 * What Node's own parser refuses never reaches Express: malformed HTTP, headers without end, a sender that is too
 * slow. It is answered in the shape of every other refusal, and the connection is closed.
 */
export function answerUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const traceId = randomUUID();
  const status = statusOf(error.code);
  const refusal: ErrorResponse = {
    status: "error",
    error: {
      code: "INVALID_REQUEST",
      message: messageOf(error.code),
      details: {},
    },
    trace_id: traceId,
    timestamp: new Date().toISOString(),
  };
  const body = JSON.stringify(refusal);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "Content-Type: application/json; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Trace-ID: ${traceId}`,
      `X-Request-ID: ${traceId}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}

function statusOf(code: string | undefined): 400 | 408 | 431 {
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
}

function messageOf(code: string | undefined): string {
  if (code === "HPE_HEADER_OVERFLOW") return "The request's headers are larger than 16 KB";
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "The request did not arrive in time";
  return "The request is not valid HTTP";
}
