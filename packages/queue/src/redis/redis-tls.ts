import { readFileSync } from "node:fs";

/** What TLS to Redis needs beyond what the system has, as PEM text. */
export interface RedisTls {
  ca?: string;
  cert?: string;
  key?: string;
}

/** Paths of PEM files. */
export interface RedisTlsFiles {
  /** Of the CA that signed the certificates of Redis; without it the system's CAs are trusted. */
  ca: string | undefined;
  /** Our own certificate and its key, for a Redis that asks for one (`tls-auth-clients`). */
  cert: string | undefined;
  key: string | undefined;
}

/** @throws {Error} when a file cannot be read */
export function readTlsFiles({ ca, cert, key }: RedisTlsFiles): RedisTls {
  return {
    ...(ca !== undefined && { ca: readFileSync(ca, "utf8") }),
    ...(cert !== undefined && { cert: readFileSync(cert, "utf8") }),
    ...(key !== undefined && { key: readFileSync(key, "utf8") }),
  };
}

const CERTIFICATE_TROUBLE = /CERT|SELF_SIGNED|UNABLE_TO_|TLSV1|WRONG_VERSION/;

/** Says which settings TLS depends on; other errors as they are. */
export function explainTlsTrouble(error: Error & { code?: unknown }): Error {
  const { code } = error;
  if (typeof code !== "string" || !CERTIFICATE_TROUBLE.test(code)) return error;
  return new Error(
    `TLS to Redis failed: ${error.message} (${code}). REDIS_TLS_CA names the CA that signed the certificate of Redis, ` +
      "REDIS_TLS_CERT and REDIS_TLS_KEY ours, where Redis asks for one",
    { cause: error },
  );
}
