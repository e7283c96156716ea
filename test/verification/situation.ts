import type { Revision, RolloutStatus } from "../../src/releases/release.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import type { RollbackOrder } from "../../src/rollback/act.ts";
import { policy, release, revision } from "../support/model.ts";

const UID = "uid-1";

/** A rollback of a Deployment from revision 2 to revision 1. */
export function order(changes: Partial<RollbackOrder> = {}): RollbackOrder {
  return {
    decisionId: "d-1",
    policy: policy(),
    target: "vcci-production/vcci-api",
    release: "vcci-production/vcci-api@2",
    uid: UID,
    from: revision("2"),
    to: revision("1"),
    reason: "error-rate 0.112 > 5% for 5m, 21 of 21 slots",
    ...changes,
  };
}

const ALL: RolloutStatus = { complete: true, stalled: false, detail: "3 of 3 pods updated, 3 ready" };

/** What a watch shows while `running` is the newest revision. */
export function seen(running: Revision, rollout: RolloutStatus = ALL, uid: string = UID): Lookup {
  const target = "vcci-production/vcci-api";
  return {
    ok: true,
    snapshot: { target, uid, release: release({ revision: running }), earlier: [], rollbacks: [], rollout },
  };
}
