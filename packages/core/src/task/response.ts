/** Up to this size a response body stays in the record for as long as the record lives. */
export const RECORD_BODY_BYTES_MAX = 10 * 1024;

/** The last answer a droplet gave for a task, as the record keeps it. */
export interface StoredResponse {
  status: number;
  headers: Record<string, string>;
  /** The body's size as it came over the network. */
  bodyBytes: number;
  /** Any JSON value; absent when the body is kept beside the record because of its size. */
  body?: unknown;
}

/** What stands in for a body that is no longer, or never, shown whole. */
export interface TruncatedBody {
  _truncated: true;
  _original_size_kb: number;
  _max_size_kb: number;
  _message: string;
}

const kilobytes = (bytes: number): number => Math.round((bytes / 1024) * 100) / 100;

export function truncatedBody(bodyBytes: number): TruncatedBody {
  const size = kilobytes(bodyBytes);
  const max = kilobytes(RECORD_BODY_BYTES_MAX);
  return {
    _truncated: true,
    _original_size_kb: size,
    _max_size_kb: max,
    _message: `The response body (${size} KB) is larger than ${max} KB and is no longer kept whole`,
  };
}
