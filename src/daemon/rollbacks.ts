import type { FiringTrigger } from "../decisions/situation.ts";
import type { Prepare, RollbackOrder } from "../rollback/act.ts";
import { type Policy, targetKey } from "../rules/policy.ts";
import type { OpenRollback, Started } from "./rollback-fold.ts";
import type { History } from "./history.ts";
import type { PassPorts } from "./ports.ts";
import { carryOut, recordBroken, recordStart, resume, type RollbackPorts } from "./rollback-run.ts";
import { aheadMs } from "./trigger-clock.ts";

/**
 * Records the start, then acts and verifies beside everything else. Resolves once the start is recorded; false when it
 * could not be. Without a trigger it is a person who asked.
 */
export type Begin = (order: RollbackOrder, firing: FiringTrigger | undefined) => Promise<boolean>;

/** The rollbacks of one policy; its history allows one at a time. */
export interface Rollbacks {
  readonly begin: Begin;
  /** Goes on with one that a stop of the daemon left open. */
  readonly resume: () => void;
  /** Would a try pass now? Asked of the target itself, which is not changed. */
  readonly wouldPass: (order: RollbackOrder) => Promise<boolean>;
  /** Resolves when none is under way. */
  readonly ended: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** In the place of a trigger's name. */
export const MANUAL = "manual";

export function createRollbacks(
  policy: Policy,
  given: RollbackPorts & Pick<PassPorts, "history" | "skewMs">,
): Rollbacks {
  const ports = withNews(given);
  const stopping = new AbortController();
  const { signal } = stopping;
  let running = Promise.resolve();
  const launch = (order: RollbackOrder, work: Promise<void>): void => {
    const broken = async (error: unknown): Promise<void> => {
      const { decisionId } = order;
      ports.logger.error(
        { err: error, policy: policy.name, decisionId },
        "a rollback broke off on an error of rollbackd itself; look at the target, and report the error",
      );
      // Left open, it would keep every later decision about the target from being made; a stop leaves it to the next start.
      if (!signal.aborted) await recordBroken(order, error, ports, signal);
    };
    running = work.catch(broken).catch((error: unknown) => {
      ports.logger.error({ err: error, policy: policy.name }, "the end of a rollback could not be recorded");
    });
  };
  return {
    begin: async (order, firing) => {
      if (!(await recordStart(order, firing?.trigger.name ?? MANUAL, ports))) return false;
      const measured = firing === undefined ? ports : measuringLag(ports, firing, policy);
      const begun = { startedAt: ports.now(), isResumed: false, isTold: false };
      launch(order, carryOut(order, begun, measured, signal));
      return true;
    },
    resume: () => {
      const open = ports.history.open(targetKey(policy));
      if (open === undefined || !isOurs(open, policy, ports.history)) return;
      const order = orderOf(policy, open, ports.history);
      launch(order, resume(order, open, ports, signal));
    },
    wouldPass: async (order) => {
      const rehearsed = await ports.strategy.rehearse?.(order, signal);
      return rehearsed?.kind === "applied";
    },
    ended: () => running,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** Does this policy go on with it? Another one of the same target does only if the one that began it is gone. */
export function isOurs({ started }: OpenRollback, policy: Policy, history: History): boolean {
  const { name, mode } = policy;
  if (started.target !== targetKey(policy)) return false;
  return started.policy === name || (mode !== "observe" && !history.isInForce(started.policy));
}

/** After a crash it is suspended once more, which changes nothing and is no news. */
function withNews<Ports extends RollbackPorts & Pick<PassPorts, "history">>(ports: Ports): Ports {
  const { strategy, history } = ports;
  const { prepare } = strategy;
  if (prepare === undefined) return ports;
  const unknown: Prepare = async (order, signal) => {
    const prepared = await prepare(order, signal);
    const known = history.open(order.target)?.suspended ?? [];
    return { ...prepared, suspended: prepared.suspended.filter(({ owner }) => !known.includes(owner)) };
  };
  return { ...ports, strategy: { ...strategy, prepare: unknown } };
}

/** The window was complete in Prometheus at its last slot; from there the lag counts until the act is accepted. */
function measuringLag<Ports extends RollbackPorts & Pick<PassPorts, "skewMs">>(
  ports: Ports,
  { trigger, status }: FiringTrigger,
  policy: Policy,
): Ports {
  const offsetMs = trigger.kind === "metric" ? policy.queryOffsetMs : 0;
  const completeAt = status.window.to + offsetMs - aheadMs(trigger, ports.skewMs());
  return {
    ...ports,
    strategy: {
      ...ports.strategy,
      act: async (order, signal) => {
        const outcome = await ports.strategy.act(order, signal);
        if (outcome.kind === "applied") {
          ports.metrics.decisionLag.observe(Math.max(0, ports.now() - completeAt) / 1_000);
        }
        return outcome;
      },
    },
  };
}

/** The order as the log remembers it. */
function orderOf(policy: Policy, { started, runs }: OpenRollback, history: History): RollbackOrder {
  const releasedAt = history.releases(started.target).find(({ id }) => id === started.release)?.startedAt;
  const revision = ({ revision: name, digest, images = {}, members }: Started["from"]) => {
    return { name, digest, standing: "unproven", images, ...(members && { members }) } as const;
  };
  return {
    decisionId: started.decisionId,
    policy,
    target: started.target,
    release: started.release,
    uid: started.uid,
    ...(releasedAt !== undefined && { releasedAt }),
    from: revision(started.from),
    to: revision({ ...started.to, ...runs }),
    reason: started.mustRecover === undefined ? `${started.trigger} fired` : "a person asked for it",
    ...(started.mustRecover === undefined && {
      trigger: started.trigger,
      fired: started.fired ?? [started.trigger],
    }),
    ...(started.mustRecover && { manual: { mustRecover: started.mustRecover } }),
  };
}
