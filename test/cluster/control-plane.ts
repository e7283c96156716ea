import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";
import { eventually } from "../support/eventually.ts";
import { asset, missingAssets } from "./assets.ts";
import { startChild, type Child } from "./child.ts";
import { apiServerFlags, etcdFlags, layOut, managerFlags, type Layout } from "./control-plane-layout.ts";
import { writeKubeconfig } from "./kubeconfig.ts";

const START_WITHIN_MS = 120_000;

export interface ControlPlane {
  readonly url: string;
  /** Of a member of system:masters. */
  readonly kubeconfig: string;
  readonly adminToken: string;
  readonly pids: readonly number[];
  /** Ends the API server; call the result to start it again at the same address, which resolves when it is ready. */
  readonly stopApiServer: () => Promise<() => Promise<void>>;
  /** Makes etcd forget how everything was before now, as it does by itself every few minutes. */
  readonly compact: () => Promise<void>;
  /** From now on the API server accepts connections and never answers; call the result to end that. */
  readonly freezeApiServer: () => () => void;
  readonly stop: () => Promise<void>;
}

export interface ControlPlaneOptions {
  /** Added to the API server's own. */
  readonly apiServerFlags?: readonly string[];
}

/**
 * Starts etcd, kube-apiserver and kube-controller-manager on loopback, with RBAC and data in a temporary folder.
 * There is no scheduler and no node: `kubelet.ts` plays both. Throws with the end of the log of what failed.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const why = missingAssets();
  if (why !== undefined) {
    throw new Error(`cannot start a control plane: ${why}`);
  }
  // Ports that were free a moment ago may be taken by now, so a first failure proves nothing.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(await layOut(), options);
    } catch (error) {
      if (attempt === 2) {
        throw error;
      }
    }
  }
}

async function launch(
  layout: Layout,
  { apiServerFlags: more = [] }: ControlPlaneOptions,
): Promise<ControlPlane> {
  const { dir, adminToken } = layout;
  const url = `https://127.0.0.1:${layout.apiPort}`;
  const running: { etcd?: Child; api?: Child; manager?: Child } = {};
  const stop = async (): Promise<void> => {
    // The data is thrown away, so there is nothing that a graceful end could save.
    await Promise.all(Object.values(running).map((child) => child.stop(0)));
    rmSync(dir, { recursive: true, force: true });
  };
  const startApi = async (): Promise<void> => {
    running.api = await startChild([asset("kube-apiserver"), ...apiServerFlags(layout), ...more]);
    await answersOk("kube-apiserver", running.api, `${url}/readyz`);
  };
  try {
    running.etcd = await startChild([asset("etcd"), ...etcdFlags(layout)]);
    await startApi();
    // The server made its own certificate and keeps it in this file, so even a restarted one can be verified.
    const ca = readFileSync(join(dir, "apiserver.crt"), "utf8");
    const kubeconfig = writeKubeconfig(join(dir, "admin.kubeconfig"), { url, ca, token: adminToken });
    running.manager = await startChild([
      asset("kube-controller-manager"),
      ...managerFlags(layout, kubeconfig),
    ]);
    await answersOk(
      "kube-controller-manager",
      running.manager,
      `https://127.0.0.1:${layout.managerPort}/healthz`,
    );
    return {
      url,
      kubeconfig,
      adminToken,
      get pids() {
        return Object.values(running).map(({ pid }) => pid);
      },
      stopApiServer: async () => {
        await running.api?.stop(3000);
        return startApi;
      },
      compact: () => compact(layout.etcdUrl),
      freezeApiServer: () => {
        const { api } = running;
        api?.signal("SIGSTOP");
        return () => api?.signal("SIGCONT");
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** By the JSON form of etcd's own API. */
async function compact(etcdUrl: string): Promise<void> {
  const { header } = (await askEtcd(etcdUrl, "/v3/maintenance/status", {})) as {
    readonly header: { readonly revision: string };
  };
  await askEtcd(etcdUrl, "/v3/kv/compaction", { revision: header.revision, physical: true });
}

async function askEtcd(etcdUrl: string, path: string, body: object): Promise<unknown> {
  const response = await request(`${etcdUrl}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.body.text();
  if (response.statusCode !== 200) throw new Error(`etcd ${path}: HTTP ${response.statusCode}: ${text}`);
  return JSON.parse(text);
}

async function answersOk(name: string, child: Child, url: string): Promise<void> {
  // Health endpoints tell nothing secret, and the certificate may not have been written yet.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const check = async (): Promise<void> => {
    if (child.ending() !== undefined) {
      return;
    }
    const response = await request(url, { dispatcher, signal: AbortSignal.timeout(10_000) });
    const text = await response.body.text();
    if (response.statusCode !== 200) {
      throw new Error(`HTTP ${response.statusCode}: ${text.slice(-300)}`);
    }
  };
  try {
    await eventually(`${name} is ready at ${url}`, check, { withinMs: START_WITHIN_MS, everyMs: 100 });
  } finally {
    await dispatcher.destroy();
  }
  const ending = child.ending();
  if (ending !== undefined) {
    throw new Error(`${name} ended before it was ready: ${ending.how}\n${child.log()}`);
  }
}
