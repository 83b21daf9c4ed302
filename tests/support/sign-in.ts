/** Who asks in tests of access: keys for `API_KEYS`, and the operators' password. */
export const KEYS = {
  reader: "reader-key-0123456789",
  submitter: "submitter-key-0123456789",
  operator: "operator-key-0123456789",
  other: "other-key-0123456789",
};
export const PASSWORD = "operators-own-password";

export type Who = keyof typeof KEYS | "password" | "nobody";

export const API_KEYS = [
  `reader:read:${KEYS.reader}`,
  `submitter:read+submit:${KEYS.submitter}`,
  `ops-bot:operate:${KEYS.operator}`,
  `other:submit:${KEYS.other}`,
].join();

export const SIGN_IN_ON = { API_KEYS, OPERATOR_PASSWORD: PASSWORD };

/** The headers that say who asks. */
export function as(who: Who): Record<string, string> {
  if (who === "nobody") return {};
  if (who === "password") {
    const encoded = Buffer.from(`operator:${PASSWORD}`).toString("base64");
    return { authorization: `Basic ${encoded}` };
  }
  return { authorization: `Bearer ${KEYS[who]}` };
}
