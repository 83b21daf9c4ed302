export type ParsedPath = { kind: "path"; path: string } | { kind: "invalid"; reason: string };

const PATH_LENGTH_MAX = 2048;

/**
 * Checks the path of a task as it is accepted and again before each attempt, and adds a missing
 * leading slash: 1–2048 characters of origin-form (RFC 9112), path and query. Characters outside
 * ASCII are taken and percent-encoded later.
 *
 * `//host` is refused although origin-form has room for it: RFC 3986 reads it as another authority,
 * and so may anything between here and the droplet's own router.
 */
export function parsePath(path: string): ParsedPath {
  if (path === "") return invalid("is empty");
  if (path.length > PATH_LENGTH_MAX) return invalid(`is longer than ${PATH_LENGTH_MAX} characters`);
  if (/[\s\p{Cc}]/u.test(path)) return invalid("contains whitespace or control characters");
  if (!path.isWellFormed()) return invalid("is not well-formed Unicode");
  // The URL standard reads a backslash as a slash: it would hide a second authority or a dot segment.
  if (path.includes("\\")) return invalid("contains a backslash");
  if (path.includes("#")) return invalid("contains a fragment, which is never sent");
  if (path.startsWith("//")) return invalid("starts with two slashes, which names another host");
  return { kind: "path", path: path.startsWith("/") ? path : `/${path}` };
}

function invalid(reason: string): ParsedPath {
  return { kind: "invalid", reason: `the path ${reason}` };
}
