import { setTimeout as sleep } from "node:timers/promises";
import { KubeError, type KubeErrorKind } from "../kubernetes/error.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import type { ActFailure, ActOutcome, Failed } from "./act.ts";

const ATTEMPTS = 5;
const PAUSE_MS = 250;

/**
 * What the API server refused for now is tried again a few times. The last error if it never went through; but an
 * attempt that `signal` cut off says nothing of what stands in the way, the one before it does.
 */
export async function tryRepeatedly<T>(once: () => Promise<T>, signal: AbortSignal): Promise<T | KubeError> {
  let before: KubeError | undefined;
  for (let tried = 1; ; tried += 1) {
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (signal.aborted) return before ?? error;
      if (!error.retryable || tried === ATTEMPTS) return error;
      before = error;
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

export function failed(reason: ActFailure, detail: string): Failed {
  return { kind: "failed", reason, detail };
}

/** The end of an act on `ref` that an error of the API server stopped. */
export function failedFor(error: KubeError, { resource, namespace, name }: ResourceRef): ActOutcome {
  const more =
    error.kind === "conflict"
      ? ` It was still being changed by others after ${ATTEMPTS} attempts; find out by whom: kubectl -n ` +
        `${namespace} get ${resource.replace(/s$/u, "")} ${name} --show-managed-fields -o yaml`
      : "";
  return failed(FAILURES[error.kind], `${error.message}${more}`);
}

const FAILURES: Readonly<Record<KubeErrorKind, ActFailure>> = {
  "not-found": "target-missing",
  forbidden: "forbidden",
  unauthorized: "forbidden",
  conflict: "conflict",
  rejected: "rejected",
  gone: "unreachable",
  unreachable: "unreachable",
  server: "unreachable",
};
