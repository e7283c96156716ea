import { request } from "undici";
import type { ContainerSpec } from "./pod.ts";

export interface Readiness {
  readonly ready: () => boolean;
  /** Starts a probe when one is due; never waits for it. */
  readonly tick: () => void;
}

/**
 * Readiness of one started container by its `httpGet` probe, with the kubelet's defaults and thresholds. Without
 * a probe it is ready as soon as it runs. Every probe opens a connection of its own, as the kubelet's do.
 */
export function createReadiness(container: ContainerSpec, ip: string): Readiness {
  const probe = container.readinessProbe;
  if (probe?.httpGet === undefined) {
    return { ready: () => true, tick: () => undefined };
  }
  const { periodSeconds = 10, timeoutSeconds = 1, successThreshold = 1, failureThreshold = 3 } = probe;
  const url = `http://${ip}:${portOf(container, probe.httpGet.port)}${probe.httpGet.path ?? "/"}`;
  let dueAt = performance.now() + (probe.initialDelaySeconds ?? 0) * 1000;
  let ready = false;
  let successes = 0;
  let failures = 0;
  const count = (ok: boolean): void => {
    successes = ok ? successes + 1 : 0;
    failures = ok ? 0 : failures + 1;
    ready = ready ? failures < failureThreshold : successes >= successThreshold;
  };
  return {
    ready: () => ready,
    tick: () => {
      if (performance.now() >= dueAt) {
        // Until it has an answer, whose bound is the timeout, the next one is not due.
        dueAt = Infinity;
        const startedAt = performance.now();
        void answers(url, timeoutSeconds * 1000).then((ok) => {
          count(ok);
          dueAt = startedAt + periodSeconds * 1000;
        });
      }
    },
  };
}

async function answers(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await request(url, { reset: true, signal: AbortSignal.timeout(timeoutMs) });
    await response.body.dump();
    return response.statusCode >= 200 && response.statusCode < 400;
  } catch {
    return false;
  }
}

function portOf(container: ContainerSpec, port: number | string): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? Number(port);
}
