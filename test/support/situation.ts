import type { Situation } from "../../src/decisions/situation.ts";
import type { HeldBack } from "../../src/releases/held-back.ts";
import { policy, release, revision, TEN } from "./model.ts";
import { OPEN } from "./replay.ts";

/** A Deployment that a person paused. */
export function paused(name: string, changes: Partial<HeldBack> = {}): HeldBack {
  const detail = `${name} is paused`;
  return { kind: "paused", namespace: "shop", name, detail, needsPerson: true, ...changes };
}

/** At ten nothing fires, a good revision ran before what runs, and nothing stands in the way. */
export function situation(changes: Partial<Situation> = {}): Situation {
  return {
    at: TEN,
    policy: policy(),
    firing: [],
    release: release(),
    earlier: [revision("1", { standing: "good" })],
    predecessorBreaching: false,
    rollbacks: [],
    lastAttemptAt: undefined,
    gates: OPEN,
    confirmation: undefined,
    ...changes,
  };
}
