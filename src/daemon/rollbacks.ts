import type { FiringTrigger } from "../decisions/situation.ts";
import type { RollbackOrder } from "../rollback/act.ts";
import { type Policy, targetKey } from "../rules/policy.ts";
import type { OpenRollback } from "./history-fold.ts";
import type { History } from "./history.ts";
import { carryOut, recordStart, resume, type RollbackPorts } from "./rollback-run.ts";

/** The rollbacks of one policy; its history allows one at a time. */
export interface Rollbacks {
  /** Records the start, then acts and verifies beside everything else. Resolves once the start is recorded. */
  readonly begin: (order: RollbackOrder, firing: FiringTrigger) => Promise<void>;
  /** Goes on with one that a stop of the daemon left open. */
  readonly resume: () => void;
  /** Resolves when none is under way. */
  readonly ended: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export function createRollbacks(
  policy: Policy,
  ports: RollbackPorts & { readonly history: History },
): Rollbacks {
  const stopping = new AbortController();
  const { signal } = stopping;
  let running = Promise.resolve();
  const launch = (work: Promise<void>, decisionId: string): void => {
    running = work.catch((error: unknown) => {
      ports.logger.error(
        { err: error, policy: policy.name, decisionId },
        "a rollback broke off; restart rollbackd to go on with it, and look at the target meanwhile",
      );
    });
  };
  return {
    begin: async (order, firing) => {
      if (!(await recordStart(order, firing.trigger.name, ports))) return;
      launch(carryOut(order, ports.now(), measuringLag(ports, firing, policy), signal), order.decisionId);
    },
    resume: () => {
      const open = ports.history.open(targetKey(policy));
      if (open !== undefined && isOurs(open, policy, ports.history))
        launch(resume(orderOf(policy, open), open, ports, signal), open.started.decisionId);
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

/** The window was complete in Prometheus at its last slot; from there the lag counts until the act is accepted. */
function measuringLag(ports: RollbackPorts, { status }: FiringTrigger, policy: Policy): RollbackPorts {
  const completeAt = status.window.to + policy.queryOffsetMs;
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
function orderOf(policy: Policy, { started }: OpenRollback): RollbackOrder {
  const revision = (of: { readonly revision: string; readonly digest: string }) => {
    return { name: of.revision, digest: of.digest, standing: "unproven", images: {} } as const;
  };
  return {
    decisionId: started.decisionId,
    policy,
    target: started.target,
    release: started.release,
    uid: started.uid,
    from: revision(started.from),
    to: revision(started.to),
    reason: `${started.trigger} fired`,
  };
}
