import { Type } from "typebox";
import { DURATION_PATTERN, POSITIVE_DURATION_PATTERN } from "./units.ts";

/* What the schemas of a rules file are put together from. */

export const closed = { additionalProperties: false } as const;

const preset = (value: unknown) => (value === undefined ? {} : { default: value });

export const duration = (description: string, value?: string) =>
  Type.String({
    title: "duration",
    pattern: DURATION_PATTERN,
    examples: ["30s", "5m", "1h30m"],
    description,
    ...preset(value),
  });

export const positiveDuration = (description: string, value?: string) =>
  Type.String({
    title: "duration above zero",
    pattern: POSITIVE_DURATION_PATTERN,
    examples: ["30s", "5m", "1h30m"],
    description,
    ...preset(value),
  });
