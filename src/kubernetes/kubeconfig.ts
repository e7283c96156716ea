import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { KubeConfig, type User } from "@kubernetes/client-node";
import { parse } from "yaml";
import type { ExecPlugin } from "./exec-plugin.ts";

const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** There is no usable way to reach a cluster. The message names the file and the next step. */
export class KubeConfigError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "KubeConfigError";
  }
}

export interface Source {
  /** For messages. */
  readonly name: string;
  readonly files: readonly string[];
}

/** What of the current user may change while the daemon runs, and is therefore read by rollbackd itself. */
export type Changing =
  | { readonly kind: "token-file"; readonly file: string }
  /** `file`: the kubeconfig. */
  | { readonly kind: "plugin"; readonly plugin: ExecPlugin; readonly file: string };

export interface Loaded {
  readonly config: KubeConfig;
  readonly server: string;
  readonly changing: Changing | undefined;
}

/**
 * Finds the cluster as kubectl does: the files that `kubeconfig` names (one, or several as in KUBECONFIG), else
 * ~/.kube/config, else the account of the pod. Throws KubeConfigError when nothing is found.
 */
export function findSource(kubeconfig: string | undefined): Source {
  const files = (kubeconfig ?? "").split(delimiter).filter((file) => file !== "");
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) {
    throw new KubeConfigError(`KUBECONFIG names ${missing}, which does not exist. Correct it or unset it.`);
  }
  if (files.length > 0) return { name: files.join(delimiter), files };
  const usual = join(homedir(), ".kube", "config");
  if (existsSync(usual)) return { name: usual, files: [usual] };
  if (existsSync(SERVICE_ACCOUNT_TOKEN)) return { name: "the service account of this pod", files: [] };
  throw new KubeConfigError(
    `No Kubernetes cluster is configured: KUBECONFIG is not set, ${usual} does not exist, ` +
      `and this is not a pod with a service account. Set KUBECONFIG to a kubeconfig file.`,
  );
}

/** Reads the source. Throws KubeConfigError when it cannot be used or names no server. */
export function load(source: Source): Loaded {
  const config = read(source);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server)) {
    throw new KubeConfigError(
      `${source.name}: the current context "${config.getCurrentContext()}" names no cluster with an address ` +
        `of a server. Choose one with: kubectl config use-context NAME`,
    );
  }
  const changing = changingOf(source, config.getCurrentUser());
  return { config, server, changing };
}

function read({ name, files }: Source): KubeConfig {
  const [first, ...others] = files;
  const config = new KubeConfig();
  try {
    if (first === undefined) config.loadFromCluster();
    else config.loadFromFile(first);
    for (const file of others) {
      const next = new KubeConfig();
      next.loadFromFile(file);
      config.mergeConfig(next, true);
    }
  } catch (error) {
    throw new KubeConfigError(
      `${name} is not a usable kubeconfig: ${plain(error)}. See: kubectl config view`,
    );
  }
  return config;
}

/** As in a kubeconfig; what rollbackd reads itself. */
interface WrittenUser {
  readonly tokenFile?: string;
  readonly exec?: Partial<Omit<ExecPlugin, "args" | "env">> & {
    readonly args?: ExecPlugin["args"] | null;
    readonly env?: ExecPlugin["env"] | null;
  };
}

/** The client library does not know `tokenFile`, and asks a plugin neither after a 401 nor before the end. */
function changingOf({ files }: Source, user: User | null): Changing | undefined {
  if (user === null) return undefined;
  if (files.length === 0) return { kind: "token-file", file: SERVICE_ACCOUNT_TOKEN };
  for (const file of files) {
    const written = writtenUser(file, user.name);
    if (written === undefined) continue;
    const { tokenFile, exec } = written;
    // As in kubectl: a token file goes before a token that is written there, and a token before a plugin.
    if (tokenFile !== undefined) return { kind: "token-file", file: resolve(dirname(file), tokenFile) };
    if (exec?.command === undefined || user.token !== undefined) return undefined;
    return { kind: "plugin", plugin: pluginOf(exec, exec.command), file };
  }
  return undefined;
}

function pluginOf(exec: NonNullable<WrittenUser["exec"]>, command: string): ExecPlugin {
  const { args, env, apiVersion = "client.authentication.k8s.io/v1", installHint, provideClusterInfo } = exec;
  return {
    command,
    args: args ?? [],
    env: env ?? [],
    apiVersion,
    installHint,
    provideClusterInfo: provideClusterInfo === true,
  };
}

function writtenUser(file: string, name: string): WrittenUser | undefined {
  const written = parse(readFileSync(file, "utf8")) as {
    users?: readonly { readonly name?: string; readonly user?: WrittenUser }[];
  } | null;
  return written?.users?.find((each) => each.name === name)?.user;
}

/** A YAML error quotes the lines around it, which may hold a token: only its reason and line are passed on. */
export function plain(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const { reason, mark, message } = error as {
    reason?: unknown;
    mark?: { line?: number };
    message?: unknown;
  };
  if (typeof reason === "string") return `${reason} (line ${(mark?.line ?? 0) + 1})`;
  return String(message);
}
