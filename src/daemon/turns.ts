import { setImmediate as nextTurn } from "node:timers/promises";
import type { InstantQuery, RangeQuery } from "../signals/query.ts";

interface Source {
  readonly instant: InstantQuery;
  readonly range: RangeQuery;
}

/**
 * The same queries, whose answers are handed over one in each turn of the event loop. What follows from an answer
 * (a window of a day is thousands of slots) runs in that turn; were all answers of a start worked off at once,
 * neither a probe nor a request would be heard until the last of them was.
 */
export function inTurns({ instant, range }: Source): Source {
  let last: Promise<void> = Promise.resolve();
  const turn = (): Promise<void> => {
    last = last.then(() => nextTurn());
    return last;
  };
  return {
    instant: async (...asked) => {
      const answer = await instant(...asked);
      await turn();
      return answer;
    },
    range: async (...asked) => {
      const answer = await range(...asked);
      await turn();
      return answer;
    },
  };
}
