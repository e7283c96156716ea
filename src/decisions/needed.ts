import type { Situation } from "./situation.ts";

/** Why pods of the earlier revision would not start. */
export function missingNeeds({ needed }: Pick<Situation, "needed">): string | undefined {
  if (needed === undefined || needed.missing.length === 0) return undefined;
  const verb = needed.missing.length === 1 ? "is" : "are";
  return `pods of the earlier revision would not start: ${needed.missing.join(", ")} ${verb} missing`;
}

/** What could not be looked at before the act, a sentence each. */
export function unseenNeeds({ needed }: Pick<Situation, "needed">): readonly string[] {
  return needed?.unseen ?? [];
}
