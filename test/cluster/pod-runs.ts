import type { Pod } from "./pod.ts";
import type { PodRun, PodView } from "./pod-run.ts";

export interface PodRuns {
  readonly views: () => readonly PodView[];
  /** Runs exactly these Pods from now on, one step each. Does not wait for the steps. */
  readonly follow: (pods: readonly Pod[]) => Promise<void>;
  /** Ends all processes and removes the Pods' objects. */
  readonly stop: () => Promise<void>;
}

/**
 * The Pods of one kubelet by uid. They step side by side, so that one that takes its time to end delays no
 * other, and each has one step under way at most. `attempt` runs what may fail; a failed step is taken again.
 */
export function createPodRuns(
  run: (pod: Pod) => PodRun,
  attempt: (action: () => Promise<void>) => Promise<void>,
): PodRuns {
  const runs = new Map<string, PodRun>();
  const steps = new Map<string, Promise<void>>();
  const step = (pod: Pod): void => {
    const { uid } = pod.metadata;
    const known = runs.get(uid) ?? run(pod);
    runs.set(uid, known);
    if (!steps.has(uid)) {
      const underWay = attempt(() => known.step(pod)).finally(() => steps.delete(uid));
      steps.set(uid, underWay);
    }
  };
  const killAll = (): Promise<unknown> => Promise.all([...runs.values()].map((known) => known.kill()));
  return {
    views: () => [...runs.values()].map((known) => known.view()),
    follow: async (pods) => {
      const listed = new Set(pods.map(({ metadata }) => metadata.uid));
      for (const [uid, known] of runs) {
        if (!listed.has(uid)) {
          runs.delete(uid);
          await known.kill();
        }
      }
      pods.forEach(step);
    },
    stop: async () => {
      // Before, so that no step waits for a slow end; after, for what a step was just starting.
      await killAll();
      await Promise.all(steps.values());
      await killAll();
      await Promise.all([...runs.values()].map((known) => attempt(known.removeObject)));
      runs.clear();
    },
  };
}
