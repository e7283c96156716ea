import type { KubeApi } from "../kubernetes/api.ts";
import { blueGreenStandings } from "../releases/blue-green-standing.ts";
import { watchBlueGreen } from "../releases/blue-green-watch.ts";
import { deploymentStandings, groupStandings } from "../releases/deployment-standing.ts";
import { watchDeployment } from "../releases/deployment-watch.ts";
import { watchGroup } from "../releases/group-watch.ts";
import { lookForNeeded } from "../releases/needed-objects.ts";
import { lookIntoWith } from "../releases/look-into.ts";
import type { LookForNeeded, LookInto } from "../releases/release-context.ts";
import type { LoggedRelease } from "../releases/logged-release.ts";
import { watchScript } from "../releases/script-watch.ts";
import { statefulSetStandings } from "../releases/statefulset-standing.ts";
import { watchStatefulSet } from "../releases/statefulset-watch.ts";
import { pairOf, pairsOfMembers } from "../releases/template-pairs.ts";
import type { MarkStanding, TargetWatch } from "../releases/watch.ts";
import type { Strategy } from "../rollback/act.ts";
import { blueGreenStrategy } from "../rollback/blue-green.ts";
import { deploymentStrategy } from "../rollback/deployment.ts";
import { groupStrategy } from "../rollback/group.ts";
import { scriptStrategy } from "../rollback/script.ts";
import { statefulSetStrategy } from "../rollback/statefulset.ts";
import { type AskOwners, askOwners } from "../rollback/gitops/restoring.ts";
import { suspendOwners } from "../rollback/gitops/suspend.ts";
import { type BlueGreenTarget, type Policy, targetKey } from "../rules/policy.ts";
import type { Prometheus } from "../signals/prometheus.ts";
import type { ServerClock } from "../signals/server-clock.ts";
import type { History } from "./history.ts";
import { scriptHistory } from "./script-history.ts";

/** What differs from one kind of target to the other; all else is the same for each. */
export interface TargetParts {
  readonly watch: TargetWatch;
  readonly strategy: Strategy;
  readonly markStanding: MarkStanding;
  /** Absent where the target does not show what its releases are made of. */
  readonly lookInto?: LookInto;
  /** Absent where the policy acts whatever owners do. */
  readonly askOwners?: AskOwners;
  /** Absent where a script rolls back, which knows a way of its own. */
  readonly lookForNeeded?: LookForNeeded;
}

/** What following and changing targets needs of the process. */
export interface TargetPorts {
  readonly prometheus: Prometheus;
  readonly history: History;
  readonly environment: NodeJS.ProcessEnv;
  readonly secrets: () => readonly string[];
  readonly slotClock: ServerClock;
  /** Where Argo CD's Applications are that do not say it themselves. */
  readonly argocdNamespace: string;
  readonly now: () => number;
}

/** `kube` is needed for targets in a cluster. */
export function targetParts(policy: Policy, ports: TargetPorts, kube: KubeApi | undefined): TargetParts {
  const parts = partsOf(policy, ports, kube);
  if (kube === undefined) return parts;
  const found = { ...parts, ...needsOf(policy, parts.watch, kube) };
  const { argocdNamespace } = ports;
  if (policy.gitops === "refuse") return { ...found, askOwners: askOwners({ api: kube, argocdNamespace }) };
  if (policy.gitops !== "suspend") return found;
  const prepare = suspendOwners({ api: kube, reread: parts.watch.reread, argocdNamespace });
  return { ...found, strategy: { ...parts.strategy, prepare } };
}

function needsOf(
  { target, rollback }: Policy,
  watch: TargetWatch,
  api: KubeApi,
): Pick<TargetParts, "lookForNeeded"> {
  if (target.kind === "script" || rollback.strategy.kind === "script") return {};
  return { lookForNeeded: lookForNeeded({ api, namespace: target.namespace, watch }) };
}

function partsOf(policy: Policy, ports: TargetPorts, kube: KubeApi | undefined): TargetParts {
  const { target } = policy;
  switch (target.kind) {
    case "deployment": {
      const api = needed(kube, policy);
      const watch = watchDeployment({ api, ...target, logged: loggedOf(policy, ports), now: ports.now });
      return {
        watch,
        strategy: strategyOf(policy, watch, ports, kube),
        markStanding: deploymentStandings(api),
        lookInto: lookIntoWith({ api, namespace: target.namespace, templates: pairOf(watch) }),
      };
    }
    case "group": {
      const api = needed(kube, policy);
      const { namespace, deployments } = target;
      const members = deployments.map(
        (deployment) =>
          [deployment, watchDeployment({ api, namespace, deployment, now: ports.now })] as const,
      );
      const byName = new Map(members);
      const watch = watchGroup(targetKey(policy), byName, loggedOf(policy, ports));
      return {
        watch,
        strategy: strategyOf(policy, watch, ports, kube),
        markStanding: groupStandings(api),
        lookInto: lookIntoWith({ api, namespace, templates: pairsOfMembers(byName) }),
      };
    }
    case "blue-green":
      return blueGreenParts(policy, target, ports, needed(kube, policy));
    case "statefulset": {
      const api = needed(kube, policy);
      const watch = watchStatefulSet({
        api,
        namespace: target.namespace,
        target: targetKey(policy),
        logged: loggedOf(policy, ports),
        now: ports.now,
      });
      return {
        watch,
        strategy: strategyOf(policy, watch, ports, kube),
        markStanding: statefulSetStandings(api),
        lookInto: lookIntoWith({ api, namespace: target.namespace, templates: pairOf(watch) }),
      };
    }
    case "script":
      return scriptParts(policy, ports, kube);
  }
}

/** Its releases begin with a change that the cluster dates badly once others follow: the log knows better. */
function blueGreenParts(
  policy: Policy,
  target: BlueGreenTarget,
  ports: TargetPorts,
  api: KubeApi,
): TargetParts {
  const logged = loggedOf(policy, ports);
  const { now } = ports;
  const watch = watchBlueGreen({ api, namespace: target.namespace, target, logged, now });
  const strategy =
    policy.rollback.strategy.kind === "blue-green"
      ? blueGreenStrategy({ api, colors: target, now })
      : strategyOf(policy, watch, ports, api);
  return {
    watch,
    strategy,
    markStanding: blueGreenStandings(api, target),
    lookInto: lookIntoWith({ api, namespace: target.namespace, templates: pairOf(watch) }),
  };
}

/** A cluster dates badly what comes back. */
function loggedOf(policy: Policy, { history }: TargetPorts): () => readonly LoggedRelease[] {
  return () => history.releases(targetKey(policy));
}

/** A script target has no place of its own to keep a standing: the log alone knows it. */
function scriptParts(policy: Policy, ports: TargetPorts, kube: KubeApi | undefined): TargetParts {
  const watch = watchScript(policy, {
    ...ports.prometheus,
    now: ports.slotClock.now,
    history: scriptHistory(ports.history, targetKey(policy)),
  });
  return { watch, strategy: strategyOf(policy, watch, ports, kube), markStanding: async () => undefined };
}

function strategyOf(
  policy: Policy,
  watch: TargetWatch,
  ports: TargetPorts,
  kube: KubeApi | undefined,
): Strategy {
  const { strategy } = policy.rollback;
  if (strategy.kind === "script") return scriptStrategy(strategy.script, { ...ports, reread: watch.reread });
  const options = { api: needed(kube, policy), now: ports.now };
  if (strategy.kind === "statefulset") return statefulSetStrategy(options);
  return policy.target.kind === "group" ? groupStrategy({ ...options, watch }) : deploymentStrategy(options);
}

function needed(kube: KubeApi | undefined, policy: Policy): KubeApi {
  if (kube === undefined) throw new TypeError(`policy ${policy.name} needs a connection to its cluster`);
  return kube;
}
