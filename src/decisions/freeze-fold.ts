import { type Freeze, type Freezes, NO_FREEZES } from "./freeze.ts";

/** A record of the decision log that begins or ends a freeze. */
export type FreezeEvent =
  | {
      readonly type: "operator.freeze";
      readonly at: string;
      readonly by: string;
      readonly until?: string;
      readonly note?: string;
    }
  | { readonly type: "operator.resume"; readonly at: string; readonly holder?: string }
  | {
      readonly type: "freeze.expired";
      readonly at: string;
      readonly holder?: string;
      readonly until: string;
    };

/** The freezes of a policy after one more record of it. Records of versions without holders are read as well. */
export function foldFreezes(before: Freezes | undefined, event: FreezeEvent): Freezes {
  const { held, expired } = before ?? NO_FREEZES;
  switch (event.type) {
    case "operator.freeze":
      return { held: [...held.filter(({ by }) => by !== event.by), freezeOf(event)], expired };
    case "operator.resume":
      // Such a record without a holder ended all there was.
      return { held: held.filter(({ by }) => event.holder !== undefined && by !== event.holder), expired };
    case "freeze.expired": {
      const untilMs = Date.parse(event.until);
      const ended = held.find((freeze) => isEndOf(event, untilMs, freeze));
      const by = event.holder ?? ended?.by;
      const isLast = by !== undefined && untilMs >= (expired?.untilMs ?? 0);
      return {
        held: held.filter((freeze) => !isEndOf(event, untilMs, freeze)),
        expired: isLast ? { by, untilMs } : expired,
      };
    }
  }
}

/** A freeze that its holder gave another end since is not over. */
function isEndOf({ holder }: { readonly holder?: string }, end: number, { by, untilMs }: Freeze): boolean {
  return untilMs !== undefined && untilMs <= end && (holder === undefined || holder === by);
}

function freezeOf({ by, at, until, note }: FreezeEvent & { readonly type: "operator.freeze" }): Freeze {
  const untilMs = until === undefined ? undefined : Date.parse(until);
  return { by, at: Date.parse(at), untilMs, note };
}
