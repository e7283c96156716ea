import { HttpMethod, type KubeConfig, RequestContext } from "@kubernetes/client-node";
import { Agent, type Dispatcher } from "undici";
import { type CredentialSource, pluginSource, tokenFileSource } from "./credential-source.ts";
import { type Credential, runPlugin } from "./exec-plugin.ts";
import { type Changing, findSource, KubeConfigError, load, plain, type Source } from "./kubeconfig.ts";

/** Where the API server is and how to be let in. */
export interface Connection {
  /** Base address, without a trailing slash. */
  readonly server: string;
  /** Headers of one request. Tokens are read again for each, plugins asked again before their credential expires. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** The connections that requests share. */
  readonly dispatcher: () => Promise<Dispatcher>;
  /**
   * The API server did not accept the credentials: the next request reads kubeconfig, certificates and token again and
   * asks the plugin again; running requests are left to finish.
   */
  readonly renew: () => void;
  readonly close: () => Promise<void>;
}

/**
 * Finds the cluster as kubectl does (`findSource`).
 * Throws KubeConfigError when nothing is found, a file cannot be used, or its credentials cannot be read.
 */
export async function connect(kubeconfig = process.env["KUBECONFIG"]): Promise<Connection> {
  const source = findSource(kubeconfig);
  const entry = createEntry(source);
  try {
    await entry.authorize();
  } catch (error) {
    throw new KubeConfigError(
      `${source.name}: its credentials cannot be used: ${plain(error)}. Try: kubectl auth can-i get deployments`,
      error,
    );
  }
  return connection(entry);
}

interface Entry {
  readonly server: string;
  /** A context with what lets a request in, and the certificate that it was made with. */
  readonly authorize: () => Promise<{ readonly context: RequestContext; readonly cert: string | undefined }>;
  readonly refuse: () => void;
}

function createEntry(source: Source): Entry {
  let loaded = load(source);
  let credentials = sourceOf(loaded.changing, loaded.config);
  let isRefused = false;
  const { server } = loaded;

  /** A kubeconfig that was written anew, for the same server; while it cannot be used the one before stands. */
  const reload = (): void => {
    isRefused = false;
    try {
      const next = load(source);
      if (next.server !== server) return;
      if (JSON.stringify(next.changing) !== JSON.stringify(loaded.changing)) {
        credentials = sourceOf(next.changing, next.config);
      }
      loaded = next;
    } catch {
      // The server goes on saying that the credentials are not accepted.
    }
  };
  return {
    server,
    authorize: async () => {
      if (isRefused) reload();
      const { config } = loaded;
      const credential = await credentials?.current();
      if (credential !== undefined) put(config, credential);
      const context = new RequestContext(server, HttpMethod.GET);
      await config.applySecurityAuthentication(context);
      return { context, cert: credential?.cert };
    },
    refuse: () => {
      credentials?.refuse();
      isRefused = true;
    },
  };
}

function sourceOf(changing: Changing | undefined, config: KubeConfig): CredentialSource | undefined {
  if (changing === undefined) return undefined;
  if (changing.kind === "token-file") return tokenFileSource(changing.file);
  const { plugin, file } = changing;
  return pluginSource(() => runPlugin(plugin, file, clusterOf(config)));
}

/** What a plugin may be told of the cluster. */
function clusterOf(config: KubeConfig): object {
  const { server, caData, skipTLSVerify } = config.getCurrentCluster() ?? {};
  return {
    server,
    ...(caData !== undefined && { "certificate-authority-data": caData }),
    ...(skipTLSVerify === true && { "insecure-skip-tls-verify": true }),
  };
}

/** The library takes the user from here on as one with this token and certificate. */
function put(config: KubeConfig, { token, cert, key }: Credential): void {
  const current = config.getCurrentUser()?.name;
  config.users = config.users.map((user) => {
    if (user.name !== current) return user;
    const { exec: _, authProvider: __, ...rest } = user;
    return {
      ...rest,
      ...(token !== undefined && { token }),
      ...(cert !== undefined && { certData: base64(cert) }),
      ...(key !== undefined && { keyData: base64(key) }),
    };
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function connection(entry: Entry): Connection {
  let shared: { readonly dispatcher: Dispatcher; readonly cert: string | undefined } | undefined;
  const retire = (): void => {
    void shared?.dispatcher.close();
    shared = undefined;
  };
  return {
    server: entry.server,
    headers: async () => (await entry.authorize()).context.getHeaders(),
    dispatcher: async () => {
      const { context, cert } = await entry.authorize();
      if (shared !== undefined && shared.cert !== cert) retire();
      shared ??= { dispatcher: http1(context.getDispatcher()) ?? new Agent({ allowH2: false }), cert };
      return shared.dispatcher;
    },
    renew: () => {
      entry.refuse();
      retire();
    },
    close: async () => {
      await shared?.dispatcher.destroy();
      shared = undefined;
    },
  };
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
