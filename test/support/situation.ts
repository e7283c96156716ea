import type { Situation } from "../../src/decisions/situation.ts";
import { policy, release, revision, TEN } from "./model.ts";
import { OPEN } from "./replay.ts";

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
