import type { Again } from "../rollback/act.ts";
import { formatInstant } from "../text/format.ts";

/** Answers that may pass without help are told only when they last so long. */
const TELL_AFTER_MS = 30_000;

/** What the tries of one rollback were answered. */
export interface TryTally {
  readonly add: (again: Again, at: number) => void;
  /** People have to hear of it now: a right is missing or admission refused, or nothing got through for long. */
  readonly isTrouble: (at: number) => boolean;
  /** `4 tries since 21:04:05Z: 3 answered 429, 1 got no answer.`; empty before the first. */
  readonly summary: () => string;
}

export function createTally(): TryTally {
  const counts = new Map<string, number>();
  let firstAt: number | undefined;
  let isRefused = false;
  return {
    add: ({ answer = "", isRefused: refused }, at) => {
      firstAt ??= at;
      isRefused ||= refused === true;
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
    },
    isTrouble: (at) => isRefused || (firstAt !== undefined && at - firstAt >= TELL_AFTER_MS),
    summary: () => {
      if (firstAt === undefined) return "";
      const tries = [...counts.values()].reduce((sum, count) => sum + count, 0);
      const answers = [...counts].map(([answer, count]) => `${count} ${said(answer)}`).join(", ");
      return `${tries === 1 ? "1 try" : `${tries} tries`} since ${formatInstant(firstAt)}: ${answers}.`;
    },
  };
}

function said(answer: string): string {
  return /^\d+$/u.test(answer) ? `answered ${answer}` : `got ${answer}`;
}
