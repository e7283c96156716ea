import { formatDuration } from "../text/format.ts";

/** What is known of the age of what a selector gives. */
export interface Age {
  /** The selector as written. */
  readonly text: string;
  /** How much older than the slot its samples may be by the expression's own will. */
  readonly meantMs: number;
  /** The instant of its newest sample at a slot, epoch ms; undefined where nothing matched. */
  readonly stampAt: (slot: number) => number | undefined;
  /** The age that a sample may have at a slot, ms. */
  readonly maxAgeMs: (slot: number) => number;
}

/** Why what a selector gave at a slot is not about that slot; undefined where it is, or where nothing matched. */
export function whyStale({ text, meantMs, stampAt, maxAgeMs }: Age, slot: number): string | undefined {
  const stamp = stampAt(slot);
  if (stamp === undefined) return undefined;
  const ageMs = slot - stamp - meantMs;
  const limitMs = maxAgeMs(slot);
  return ageMs > limitMs
    ? `the newest sample of ${text} is ${formatDuration(ageMs)} old, and maxSampleAge is ${formatDuration(limitMs)}`
    : undefined;
}
