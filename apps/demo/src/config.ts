const DROPLETS_IN_A_ROW = 4;

export interface DemoConfig {
  /** The address to listen on. */
  readonly host: string;
  /** The name under which the others find us: what stands in the endpoints. */
  readonly publicHost: string;
  readonly registryPort: number;
  /** The first of four ports in a row. */
  readonly dropletsPort: number;
}

/** Reads the demo's four variables. Throws one error that names every wrong one. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): DemoConfig {
  const wrong: string[] = [];
  const readPort = (variable: string, fallback: number, max: number): number => {
    const text = env[variable] || String(fallback);
    const port = Number(text);
    if (/^\d+$/.test(text) && port >= 1 && port <= max) return port;
    wrong.push(`${variable} must be a port from 1 to ${max}, not '${text}'`);
    return fallback;
  };
  const host = env["DEMO_HOST"] || "127.0.0.1";
  const config = {
    host,
    publicHost: env["DEMO_PUBLIC_HOST"] || (host === "0.0.0.0" ? "127.0.0.1" : host),
    registryPort: readPort("DEMO_REGISTRY_PORT", 8000, 65_535),
    dropletsPort: readPort("DEMO_DROPLETS_PORT", 8010, 65_536 - DROPLETS_IN_A_ROW),
  };
  if (wrong.length > 0) throw new Error(wrong.join("; "));
  return config;
}
