/** Why a person rolls back, in the words of the launch criteria. */
export const MANUAL_REASONS = [
  "data-corruption",
  "major-functionality-broken",
  "compliance-violation",
  "stakeholder-decision",
  "other",
] as const;

export type ManualReason = (typeof MANUAL_REASONS)[number];
