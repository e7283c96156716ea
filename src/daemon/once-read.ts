import type { Commands, Refusal } from "./commands.ts";

/**
 * Refuses what people ask for as long as the log is still being read: until then it is not known what was decided
 * and done before, so nothing can be done in the light of it. `readUntil`: undefined once the log is read.
 */
export function onceRead(commands: Commands, readUntil: () => number | undefined): Commands {
  const guarded =
    <Args extends readonly unknown[], Result>(command: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result | Refusal> =>
      readUntil() === undefined ? command(...args) : STARTING;
  return {
    plan: guarded(commands.plan),
    rollback: guarded(commands.rollback),
    freeze: guarded(commands.freeze),
    resume: guarded(commands.resume),
    approve: guarded(commands.approve),
    reject: guarded(commands.reject),
    release: guarded(commands.release),
    vulnerabilities: guarded(commands.vulnerabilities),
    policyOfDecision: commands.policyOfDecision,
  };
}

const STARTING: Refusal = {
  ok: false,
  kind: "unavailable",
  reason: "starting",
  detail: "rollbackd is starting and still reads its log; nothing was done. Ask again in a few seconds.",
};
