import { isOurs } from "../checkpoints/due.ts";
import type { History } from "../daemon/history.ts";
import type { Release } from "../releases/release.ts";
import type { Policy } from "../rules/policy.ts";
import { instant } from "./instant.ts";

/** What is looked at after the launch of a release, earliest first: what was found, or when it will be looked at. */
export function checkpointsJson(
  { name, checkpoints }: Policy,
  { id, clockAt, cause }: Release,
  history: Pick<History, "release" | "planned">,
): readonly object[] {
  // What a rollback put back was launched before: nothing is looked at again.
  if (cause === "rollback") return [];
  const recorded = history.release(name);
  const planned = history.planned(name);
  const made = recorded?.id === id ? recorded.checkpoints : [];
  const reported = made.map(({ checkpoint, dueAt, at, seq, late, lateMs, checks, type }) => ({
    checkpoint,
    dueAt,
    result: type === "checkpoint.passed" ? "passed" : "failed",
    madeAt: at,
    record: seq,
    late: late === true,
    lateMs,
    checks,
  }));
  const isMade = (atMs: number): boolean => made.some(({ afterMs }) => afterMs === atMs);
  const ahead = checkpoints
    .filter(({ atMs }) => !isMade(atMs))
    .map(({ at, atMs }) => {
      const dueAt = clockAt === undefined ? undefined : clockAt + atMs;
      const isOver =
        dueAt !== undefined && recorded?.id === id && !isOurs(atMs, dueAt, { ...recorded, planned });
      return { checkpoint: at, dueAt: instant(dueAt), result: isOver ? "not-followed" : "ahead" };
    });
  return [...reported, ...ahead];
}
