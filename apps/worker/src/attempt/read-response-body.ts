import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import { JSON_DEPTH_MAX, jsonDepth } from "@orchestrator/core";

/** What stands in the record for bytes that are neither JSON nor text. */
interface BinaryBody {
  _base64: string;
  _content_type: string | null;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$|^text\/json$/;
const TEXT_TYPE =
  /^text\/|[/+]xml$|[/+]yaml$|javascript$|^application\/(?:x-www-form-urlencoded|graphql)$/;

const BYTE_ORDER_MARK = Buffer.from("\uFEFF");

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The droplet's body as a value for the record: any JSON value; text as a string; other bytes as base64; an
 * empty body as null. What claims to be JSON and is not is taken as text.
 */
export function readResponseBody(body: Buffer, headers: IncomingHttpHeaders): unknown {
  if (body.byteLength === 0) return null;
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  const isEncoded = (headers["content-encoding"] ?? "identity") !== "identity";
  const text = isEncoded ? null : decodeText(body, headers["content-type"]);
  if (text === null) return binary(body, headers);
  if (JSON_TYPE.test(type) || type === "") return parseJson(text);
  return TEXT_TYPE.test(type) ? text : binary(body, headers);
}

function binary(body: Buffer, headers: IncomingHttpHeaders): BinaryBody {
  return { _base64: body.toString("base64"), _content_type: headers["content-type"] ?? null };
}

/** Null when the bytes are not valid UTF-8 and no other charset is named. */
function decodeText(body: Buffer, contentType = ""): string | null {
  if (!/charset/i.test(contentType)) return isUtf8(body) ? withoutMark(body) : null;
  const charset = /charset="?([\w-]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? "utf-8";
  try {
    return charset === "utf-8" ? utf8.decode(body) : new TextDecoder(charset).decode(body);
  } catch {
    // Invalid bytes, or a charset nobody knows: they are kept as bytes.
    return null;
  }
}

function withoutMark(body: Buffer): string {
  const isMarked = BYTE_ORDER_MARK.equals(body.subarray(0, BYTE_ORDER_MARK.length));
  return body.toString("utf8", isMarked ? BYTE_ORDER_MARK.length : 0);
}

function parseJson(text: string): unknown {
  if (jsonDepth(text) > JSON_DEPTH_MAX) return text;
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON after all: text is the more useful answer than an error.
    return text;
  }
}
