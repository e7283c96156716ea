import type { Objection } from "../decisions/situation.ts";
import type { Change } from "../rollback/act.ts";
import type { Precheck } from "../rollback/precheck.ts";

/** The precheck of a policy as its passes ask it: once for each decision, however often that is weighed again. */
export interface PrecheckOnce {
  /** `reason` is what would be decided if nothing spoke against it. */
  readonly ask: (change: Change, reason: string) => Promise<Objection | undefined>;
  /** To be called when nothing would act any more, and when something did: the next decision asks anew. */
  readonly forget: () => void;
}

export function precheckOnce(precheck: Precheck): PrecheckOnce {
  let last: { readonly about: string; readonly said: Promise<Objection | undefined> } | undefined;
  return {
    ask: (change, reason) => {
      const about = JSON.stringify([change.release, change.to.digest, reason]);
      if (last?.about !== about) last = { about, said: precheck(change) };
      return last.said;
    },
    forget: () => {
      last = undefined;
    },
  };
}
