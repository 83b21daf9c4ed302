import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Paths of PEM files. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface PrivateCa extends AsyncDisposable {
  /** Path of its own certificate. */
  readonly ca: string;
  /** A certificate for 127.0.0.1, signed by it. */
  issue(name: string): Promise<Certificate>;
}

/** Whether certificates can be made here. */
export const HAS_OPENSSL = ((): boolean => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    // Not installed: the tests that need it are skipped by name.
    return false;
  }
})();

export async function createPrivateCa(name: string): Promise<PrivateCa> {
  const folder = await mkdtemp(join(tmpdir(), "orchestrator-ca-"));
  const at = (file: string): string => join(folder, file);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const ca = at("ca.pem");
  const caKey = at("ca.key");
  const self = ["-x509", "-days", "2", "-subj", `/CN=${name}`];
  await openssl("req", ...self, ...newKey, "-keyout", caKey, "-out", ca);
  return {
    ca,
    async issue(owner) {
      const [cert, key, request, extensions] = ["pem", "key", "csr", "ext"].map((ending) =>
        at(`${owner}.${ending}`),
      );
      if (!cert || !key || !request || !extensions) throw new Error("no paths");
      await openssl("req", ...newKey, "-subj", `/CN=${owner}`, "-keyout", key, "-out", request);
      await writeFile(extensions, "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
      const signer = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-days", "2"];
      await openssl(
        "x509",
        "-req",
        "-in",
        request,
        ...signer,
        "-extfile",
        extensions,
        "-out",
        cert,
      );
      return { cert, key };
    },
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  };
}

async function openssl(...args: string[]): Promise<void> {
  await run("openssl", args);
}
