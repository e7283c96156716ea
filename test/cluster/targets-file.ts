import { renameSync, writeFileSync } from "node:fs";
import type { PodView } from "./pod-run.ts";

/**
 * Writes Prometheus's file_sd format when it changes, whole or not at all. Pods that run count, ready or not and
 * ending or not: that is what discovery through the Kubernetes API finds as well.
 */
export function createTargetsFile(path: string): (pods: readonly PodView[]) => void {
  let written: string | undefined;
  return (pods) => {
    const groups = pods
      .filter(({ pids }) => pids.length > 0)
      .map(({ ip, namespace, name, labels }) => ({
        targets: [`${ip}:8000`],
        labels: { namespace, pod: name, ...(labels.app !== undefined && { app: labels.app }) },
      }));
    const text = `${JSON.stringify(groups, undefined, 2)}\n`;
    if (text !== written) {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
      written = text;
    }
  };
}
