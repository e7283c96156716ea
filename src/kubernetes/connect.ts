import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
import { Agent, type Dispatcher } from "undici";

const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** There is no usable way to reach a cluster. The message names the file and the next step. */
export class KubeConfigError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "KubeConfigError";
  }
}

/** Where the API server is and how to be let in. */
export interface Connection {
  /** Base address, without a trailing slash. */
  readonly server: string;
  /** Headers of one request; tokens are read again when they are old. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** The connections that requests share. */
  readonly dispatcher: () => Promise<Dispatcher>;
  /** Makes the next `dispatcher()` read certificates again; running requests are left to finish. */
  readonly renew: () => void;
  readonly close: () => Promise<void>;
}

/**
 * Finds the cluster as kubectl does: the files that `kubeconfig` names (one, or several as in KUBECONFIG), else
 * ~/.kube/config, else the account of the pod.
 * Throws KubeConfigError when nothing is found, a file cannot be used, or its credentials cannot be read.
 */
export async function connect(kubeconfig = process.env["KUBECONFIG"]): Promise<Connection> {
  const source = findSource(kubeconfig);
  const config = load(source);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server)) {
    throw new KubeConfigError(
      `${source.name}: the current context "${config.getCurrentContext()}" names no cluster with an address ` +
        `of a server. Choose one with: kubectl config use-context NAME`,
    );
  }
  try {
    await authorize(config, server);
  } catch (error) {
    throw new KubeConfigError(
      `${source.name}: its credentials cannot be used: ${plain(error)}. Try: kubectl auth can-i get deployments`,
      error,
    );
  }
  return connection(config, server);
}

function connection(config: KubeConfig, server: string): Connection {
  let shared: Dispatcher | undefined;
  const dispatcher = async () => {
    const made = shared === undefined ? http1((await authorize(config, server)).getDispatcher()) : undefined;
    // Another call may have made one while this one waited for the credentials.
    shared ??= made ?? new Agent({ allowH2: false });
    return shared;
  };
  return {
    server,
    headers: async () => (await authorize(config, server)).getHeaders(),
    dispatcher,
    renew: () => {
      void shared?.close();
      shared = undefined;
    },
    close: async () => {
      await shared?.destroy();
      shared = undefined;
    },
  };
}

async function authorize(config: KubeConfig, server: string): Promise<RequestContext> {
  const context = new RequestContext(server, HttpMethod.GET);
  await config.applySecurityAuthentication(context);
  return context;
}

/**
 * One connection a request: a request that times out takes its connection with it,
 * whereas one dead HTTP/2 session would swallow every request after it as well.
 */
function http1(dispatcher: Dispatcher | undefined): Dispatcher | undefined {
  return dispatcher?.compose((dispatch) => (options, handler) => {
    const narrowed: Dispatcher.DispatchOptions & { readonly allowH2: boolean } = {
      ...options,
      allowH2: false,
    };
    return dispatch(narrowed, handler);
  });
}

interface Source {
  /** For messages. */
  readonly name: string;
  readonly files: readonly string[];
}

function findSource(kubeconfig: string | undefined): Source {
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

function load({ name, files }: Source): KubeConfig {
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

/** A YAML error quotes the lines around it, which may hold a token: only its reason and line are passed on. */
function plain(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const { reason, mark, message } = error as {
    reason?: unknown;
    mark?: { line?: number };
    message?: unknown;
  };
  if (typeof reason === "string") return `${reason} (line ${(mark?.line ?? 0) + 1})`;
  return String(message);
}
