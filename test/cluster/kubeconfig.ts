import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";

/** How to reach an API server and as whom. PEM texts, not file names. */
export interface Connection {
  readonly url: string;
  readonly ca?: string;
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

type Entry = Readonly<Record<string, string | undefined>>;
interface KubeconfigFile {
  readonly "current-context"?: string;
  readonly contexts?: readonly { readonly name: string; readonly context: Entry }[];
  readonly clusters?: readonly { readonly name: string; readonly cluster: Entry }[];
  readonly users?: readonly { readonly name: string; readonly user: Entry }[];
}

/** A kubeconfig that every client reads: JSON is YAML, and all that it needs is inside. */
export function writeKubeconfig(path: string, { url, ca, token, cert, key }: Connection): string {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [
      { name: "test", cluster: { server: url, ...(ca && { "certificate-authority-data": encode(ca) }) } },
    ],
    users: [
      {
        name: "test",
        user: {
          ...(token && { token }),
          ...(cert && { "client-certificate-data": encode(cert) }),
          ...(key && { "client-key-data": encode(key) }),
        },
      },
    ],
  };
  writeFileSync(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return path;
}

/** Reads the current context. Understands what kind, k3d and `writeKubeconfig` write: inline data, no exec plugins. */
export function readKubeconfig(path: string): Connection {
  const file = parse(readFileSync(path, "utf8")) as KubeconfigFile;
  const context = file.contexts?.find(({ name }) => name === file["current-context"])?.context;
  const cluster = file.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  const user = file.users?.find(({ name }) => name === context?.user)?.user;
  if (cluster?.server === undefined || user === undefined) {
    throw new Error(`${path}: the current context names no cluster with a server, or no user`);
  }
  const ca = decode(cluster["certificate-authority-data"]);
  const cert = decode(user["client-certificate-data"]);
  const key = decode(user["client-key-data"]);
  return {
    url: cluster.server,
    ...(ca !== undefined && { ca }),
    ...(user.token !== undefined && { token: user.token }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

function decode(data: string | undefined): string | undefined {
  return data === undefined ? undefined : Buffer.from(data, "base64").toString("utf8");
}
