/** `scheme://user:password@`: anchored on `://` and free of nested repetition, so it is linear on any text. */
const USER_INFO = /:\/\/[^\s/?#"'<>\\]*@/g;

/** `?password=…` and its like: Redis URLs and many droplets take secrets in the query. */
const SECRET_PARAMETER =
  /([?&][\w-]*(?:password|secret|token|api[_-]?key)=)(?!\*\*\*)[^&\s#"'<>\\]+/gi;

/**
 * Replaces the credentials within every URL in a text (a message, a stack, a whole log line) by `***`. The quotes and
 * backslashes of JSON end a match, so a scrubbed JSON line is still JSON.
 */
export function scrubUrlCredentials(text: string): string {
  const withoutUserInfo = text.includes("@") ? text.replace(USER_INFO, "://***@") : text;
  return withoutUserInfo.includes("=")
    ? withoutUserInfo.replace(SECRET_PARAMETER, "$1***")
    : withoutUserInfo;
}
