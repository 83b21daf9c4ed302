/** A server, as ioredis takes it. */
export interface Node {
  host: string;
  port: number;
}

export interface Credentials {
  username?: string;
  password?: string;
}

/** Where Redis is, read from REDIS_URL. */
export type RedisAddress =
  | { kind: "single"; url: string; isTls: boolean }
  | {
      kind: "sentinel";
      sentinels: Node[];
      masterName: string;
      db: number;
      credentials: Credentials;
      sentinelCredentials: Credentials;
      isTls: boolean;
    }
  | { kind: "cluster"; nodes: Node[]; credentials: Credentials; isTls: boolean };

const MANY_HOSTS =
  /^redis-(sentinel|cluster):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6379;

/**
 * Reads `redis://` and `rediss://` as ioredis does, and
 *
 *     redis-sentinel://user:password@host:26379,host:26379/master-name/0?sentinel_password=…&tls=true
 *     redis-cluster://user:password@host:6379,host:6379?tls=true
 *
 * @throws {Error} when it is none of these; the message holds no password
 */
export function parseRedisAddress(url: string): RedisAddress {
  const [, kind, userInfo = "", hosts = "", path = "", query = ""] = MANY_HOSTS.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  const isTls = parameters.get("tls") === "true";
  switch (kind?.toLowerCase()) {
    case "cluster":
      return {
        kind: "cluster",
        nodes: readNodes(hosts, REDIS_PORT),
        credentials: readUserInfo(userInfo),
        isTls,
      };
    case "sentinel": {
      const [masterName = "", db = "0"] = path.split("/").map(decodeURIComponent);
      if (masterName === "")
        throw new Error("redis-sentinel:// needs /master-name after its hosts");
      return {
        kind: "sentinel",
        sentinels: readNodes(hosts, SENTINEL_PORT),
        masterName,
        db: Number(db),
        credentials: readUserInfo(userInfo),
        sentinelCredentials: credentials(
          parameters.get("sentinel_username") ?? "",
          parameters.get("sentinel_password") ?? "",
        ),
        isTls,
      };
    }
    case undefined:
      if (/^rediss?:\/\//i.test(url)) {
        return { kind: "single", url, isTls: /^rediss:/i.test(url) };
      }
  }
  throw new Error("not a redis://, rediss://, redis-sentinel:// or redis-cluster:// address");
}

function readNodes(hosts: string, defaultPort: number): Node[] {
  return hosts.split(",").map((each) => {
    const [, bracketed, plain = "", port] =
      /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(each) ?? [];
    const host = bracketed ?? plain;
    if (host === "") throw new Error("hosts are written as host:port,host:port");
    return { host, port: Number(port ?? defaultPort) };
  });
}

function readUserInfo(userInfo: string): Credentials {
  const [username = "", ...rest] = userInfo.split(":");
  return credentials(decodeURIComponent(username), decodeURIComponent(rest.join(":")));
}

function credentials(username: string, password: string): Credentials {
  return { ...(username !== "" && { username }), ...(password !== "" && { password }) };
}
