import type { Condition, ContainerStatus, Pod } from "../kubernetes/objects.ts";

/** While a pod comes up these are no trouble. */
const COMING_UP = new Set(["ContainerCreating", "PodInitializing"]);

/** Conditions that only say that containers are not ready yet. */
const NOT_YET = new Set([
  "ContainersNotReady",
  "ContainersNotInitialized",
  "ReadinessGatesNotReady",
  "PodCompleted",
]);

/** Longer messages of the cluster are cut. */
const MOST_CHARACTERS = 240;

/**
 * Why pods of a rollout do not get ready, in the cluster's own words: each reason once, with how many pods have it.
 * `conditions`: of the workload; `pods`: those of the template that is rolled out.
 */
export function rolloutReasons(
  conditions: readonly Condition[] = [],
  pods: readonly Pod[] = [],
): readonly string[] {
  const failure = conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
  const ofWorkload = failure === undefined ? [] : [text(failure.reason ?? "ReplicaFailure", failure.message)];
  const found = pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap((pod) => reasonsOf(pod).map(({ key, said }) => ({ key, said, pod: pod.metadata.name })));
  const grouped = Map.groupBy(found, ({ key }) => key);
  const ofPods = [...grouped.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const where =
      others.length === 0 ? `pod ${first.pod}` : `${others.length + 1} pods, such as ${first.pod}`;
    return [`${first.said} (${where})`];
  });
  return [...ofWorkload, ...ofPods];
}

interface Reason {
  /** The same for the same trouble of several pods. */
  readonly key: string;
  readonly said: string;
}

function reasonsOf({ status }: Pod): readonly Reason[] {
  const { phase, reason = "", message, conditions = [] } = status ?? {};
  const ofPod = phase === "Failed" ? [{ key: reason, said: text(reason || "Failed", message) }] : [];
  const ofConditions = conditions.flatMap(({ type, status: is, reason: why = "", message: said }) =>
    is === "False" && said !== undefined && !NOT_YET.has(why) && why !== ""
      ? [{ key: `${type} ${why}`, said: text(why, said) }]
      : [],
  );
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return [...ofPod, ...ofConditions, ...containers.flatMap(waitingReason)];
}

function waitingReason({ name, state, lastState }: ContainerStatus): readonly Reason[] {
  const { reason, message } = state?.waiting ?? {};
  if (reason === undefined || COMING_UP.has(reason)) return [];
  const { exitCode, reason: ended = "Error" } = lastState?.terminated ?? {};
  const last = exitCode === undefined ? "" : `, last ended with exit code ${exitCode} (${ended})`;
  return [{ key: `${name} ${reason}`, said: `${text(reason, message)}${last}, container ${name}` }];
}

function text(reason: string, message = ""): string {
  const said = message.replaceAll(/\s+/gu, " ").trim();
  const cut = said.length > MOST_CHARACTERS ? `${said.slice(0, MOST_CHARACTERS)}…` : said;
  return cut === "" ? reason : `${reason}: ${cut.replace(/\.$/u, "")}`;
}
