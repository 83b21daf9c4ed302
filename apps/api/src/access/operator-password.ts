import { createHash, timingSafeEqual } from "node:crypto";

export interface OperatorCredentials {
  user: string;
  /** Without one, operators are let in from loopback only. */
  password: string | undefined;
}

/** Whether an Authorization header is the operators' Basic sign-in; takes the same time whatever it holds. */
export function isOperatorPassword(
  header: string | undefined,
  { user, password }: OperatorCredentials,
): boolean {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined || password === undefined) return false;
  const given = Buffer.from(encoded, "base64").toString("utf8");
  return timingSafeEqual(digest(given), digest(`${user}:${password}`));
}

/** Equal lengths, so that the comparison tells nothing. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
