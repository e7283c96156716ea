import type { DetailedHealth } from "../daemon/health.ts";
import { instant } from "./instant.ts";

/** As JSON: the same names, instants as RFC 3339 UTC with milliseconds. */
export function healthJson({ startedAt, rules, policies, ...same }: DetailedHealth): object {
  return {
    ...same,
    startedAt: instant(startedAt),
    rules: { loadedAt: instant(rules.loadedAt), problems: rules.problems },
    policies: policies.map(({ evaluatedAt, blind, triggers, ...policy }) => ({
      ...policy,
      evaluatedAt: instant(evaluatedAt),
      sight: blind === undefined ? "sighted" : { ...blind, since: instant(blind.since) },
      triggers: triggers.map(({ at, firesAt, window, ...trigger }) => ({
        ...trigger,
        at: instant(at),
        firesAt: instant(firesAt),
        window: { ...window, from: instant(window.from), to: instant(window.to) },
      })),
    })),
  };
}
