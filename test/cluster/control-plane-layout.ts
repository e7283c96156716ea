import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";

/** Those that turn a Deployment or a StatefulSet into Pods and clean up after it. */
const CONTROLLERS = "deployment,replicaset,statefulset,garbagecollector,namespace,serviceaccount";

/** Where one control plane lives: a temporary folder, loopback addresses, an administrator's token. */
export interface Layout {
  readonly dir: string;
  readonly etcdUrl: string;
  readonly peerUrl: string;
  readonly apiPort: number;
  readonly managerPort: number;
  readonly adminToken: string;
}

/** Chooses ports, makes the folder and puts into it the keys and tokens that the API server reads. */
export async function layOut(): Promise<Layout> {
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

export function etcdFlags({ dir, etcdUrl, peerUrl }: Layout): readonly string[] {
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

export function apiServerFlags({ dir, etcdUrl, apiPort }: Layout): readonly string[] {
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

export function managerFlags({ dir, managerPort }: Layout, kubeconfig: string): readonly string[] {
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
