import { generateKeyPairSync, randomUUID } from "node:crypto";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startChild, type Child } from "./child.ts";
import { writeKubeconfig } from "./kubeconfig.ts";

const PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager"] as const;
const CONTROLLERS = "deployment,replicaset,garbagecollector,namespace,serviceaccount";
const START_WITHIN_MS = 60_000;

export interface ControlPlane {
  readonly url: string;
  /** Of a member of system:masters. */
  readonly kubeconfig: string;
  readonly adminToken: string;
  readonly pids: readonly number[];
  /** Ends the API server, leaves it down for `downMs`, starts it again at the same address; resolves when ready. */
  readonly restartApiServer: (downMs?: number) => Promise<void>;
  /** From now on the API server accepts connections and never answers; call the result to end that. */
  readonly freezeApiServer: () => () => void;
  readonly stop: () => Promise<void>;
}

/** Where the three programs lie: `KUBE_ASSETS`, else `.cache/kube` of the repository. */
export function assetsFolder(): string {
  return process.env.KUBE_ASSETS ?? join(import.meta.dirname, "../../.cache/kube");
}

/** Undefined when a control plane can be started here, else why not. */
export function missingAssets(folder = assetsFolder()): string | undefined {
  const missing = PROGRAMS.filter((name) => !isExecutable(join(folder, name)));
  return missing.length === 0 ? undefined : `no ${missing.join(", ")} in ${folder} (set KUBE_ASSETS)`;
}

/**
 * Starts etcd, kube-apiserver and kube-controller-manager on loopback, with RBAC and data in a temporary folder.
 * There is no scheduler and no node: `kubelet.ts` plays both. Throws with the end of the log of what failed.
 */
export async function startControlPlane(): Promise<ControlPlane> {
  const why = missingAssets();
  if (why !== undefined) {
    throw new Error(`cannot start a control plane: ${why}`);
  }
  // Ports that were free a moment ago may be taken by now, so a first failure proves nothing.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(await layOut());
    } catch (error) {
      if (attempt === 2) {
        throw error;
      }
    }
  }
}

interface Layout {
  readonly dir: string;
  readonly etcdUrl: string;
  readonly peerUrl: string;
  readonly apiPort: number;
  readonly managerPort: number;
  readonly adminToken: string;
}

async function layOut(): Promise<Layout> {
  const dir = mkdtempSync(join(tmpdir(), "rollbackd-cluster-"));
  const adminToken = randomUUID();
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  writeFileSync(join(dir, "sa.pub"), keys.publicKey);
  writeFileSync(join(dir, "sa.key"), keys.privateKey, { mode: 0o600 });
  writeFileSync(join(dir, "tokens.csv"), `${adminToken},admin,admin,"system:masters"\n`, { mode: 0o600 });
  return {
    dir,
    etcdUrl: `http://127.0.0.1:${await freePort()}`,
    peerUrl: `http://127.0.0.1:${await freePort()}`,
    apiPort: await freePort(),
    managerPort: await freePort(),
    adminToken,
  };
}

async function launch(layout: Layout): Promise<ControlPlane> {
  const { dir, adminToken } = layout;
  const url = `https://127.0.0.1:${layout.apiPort}`;
  const running: { etcd?: Child; api?: Child; manager?: Child } = {};
  const stop = async (): Promise<void> => {
    // The data is thrown away, so there is nothing that a graceful end could save.
    await Promise.all(Object.values(running).map((child) => child.stop(0)));
    rmSync(dir, { recursive: true, force: true });
  };
  const startApi = async (): Promise<void> => {
    running.api = await startChild([program("kube-apiserver"), ...apiServerFlags(layout)]);
    await answersOk("kube-apiserver", running.api, `${url}/readyz`);
  };
  try {
    running.etcd = await startChild([program("etcd"), ...etcdFlags(layout)]);
    await startApi();
    // The server made its own certificate and keeps it in this file, so even a restarted one can be verified.
    const ca = readFileSync(join(dir, "apiserver.crt"), "utf8");
    const kubeconfig = writeKubeconfig(join(dir, "admin.kubeconfig"), { url, ca, token: adminToken });
    running.manager = await startChild([
      program("kube-controller-manager"),
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
      restartApiServer: async (downMs = 0) => {
        await running.api?.stop(3000);
        await new Promise((resolve) => setTimeout(resolve, downMs));
        await startApi();
      },
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

function etcdFlags({ dir, etcdUrl, peerUrl }: Layout): readonly string[] {
  return [
    `--data-dir=${join(dir, "etcd")}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    "--unsafe-no-fsync",
  ];
}

function apiServerFlags({ dir, etcdUrl, apiPort }: Layout): readonly string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${apiPort}`,
    `--cert-dir=${dir}`,
    `--token-auth-file=${join(dir, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    `--service-account-key-file=${join(dir, "sa.pub")}`,
    `--service-account-signing-key-file=${join(dir, "sa.key")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--allow-privileged=true",
    // Would put a volume with a token into every Pod; the test kubelet mounts nothing.
    "--disable-admission-plugins=ServiceAccount",
  ];
}

function managerFlags({ dir, managerPort }: Layout, kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${CONTROLLERS}`,
    `--service-account-private-key-file=${join(dir, "sa.key")}`,
    "--leader-elect=false",
    "--port=0",
    `--secure-port=${managerPort}`,
    "--bind-address=127.0.0.1",
    `--cert-dir=${join(dir, "manager")}`,
  ];
}

async function answersOk(name: string, child: Child, url: string): Promise<void> {
  // Health endpoints tell nothing secret, and the certificate may not have been written yet.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const check = async (): Promise<void> => {
    if (child.ending() !== undefined) {
      return;
    }
    const response = await request(url, { dispatcher, signal: AbortSignal.timeout(2000) });
    const text = await response.body.text();
    if (response.statusCode !== 200) {
      throw new Error(`HTTP ${response.statusCode}: ${text.slice(-300)}`);
    }
  };
  await eventually(`${name} is ready at ${url}`, check, { withinMs: START_WITHIN_MS, everyMs: 100 });
  await dispatcher.destroy();
  const ending = child.ending();
  if (ending !== undefined) {
    throw new Error(`${name} ended before it was ready: ${ending.how}\n${child.log()}`);
  }
}

function program(name: (typeof PROGRAMS)[number]): string {
  return join(assetsFolder(), name);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
