import { accessSync, constants } from "node:fs";
import { join } from "node:path";

const PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager"] as const;

/** Path of one of the control plane's programs: in `KUBE_ASSETS`, else in `.cache/kube` of the repository. */
export function asset(name: (typeof PROGRAMS)[number]): string {
  return join(folder(), name);
}

/** Undefined when a control plane can be started here, else why not. */
export function missingAssets(): string | undefined {
  const missing = PROGRAMS.filter((name) => !isExecutable(asset(name)));
  return missing.length === 0 ? undefined : `no ${missing.join(", ")} in ${folder()} (set KUBE_ASSETS)`;
}

function folder(): string {
  return process.env.KUBE_ASSETS ?? join(import.meta.dirname, "../../.cache/kube");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
