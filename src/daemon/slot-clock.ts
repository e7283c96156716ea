import type { Logger } from "pino";
import type { Prometheus } from "../signals/prometheus.ts";
import { createServerClock, type ServerClock } from "../signals/server-clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { repeatedly } from "./repeatedly.ts";

/** Clocks drift apart by some ms in this time; a step of the server's shows within it. */
const EVERY_MS = 30_000;

export interface SlotClockParts {
  readonly ask: Prometheus["clock"];
  /** Of the policies in force, in ms: with a skew beyond the shortest of them, slots are not the local ones. */
  readonly intervals: () => readonly number[];
  readonly metrics: Pick<Metrics, "prometheusClockSkew">;
  readonly logger: Logger;
}

/** The clock of Prometheus, followed until `stop`. That it is far from the local one is logged when it begins and ends. */
export function startSlotClock({ ask, intervals, metrics, logger }: SlotClockParts): ServerClock & {
  readonly stop: () => Promise<void>;
} {
  const clock = createServerClock({
    ask,
    wall: Date.now,
    elapsed: () => performance.now(),
    observe: (skewMs) => metrics.prometheusClockSkew.set(skewMs / 1000),
    toleratedMs: () => Math.min(...intervals()),
    onSkew: (skewMs, now) => {
      if (now === "tolerable")
        logger.info({ skewMs }, "the clocks of Prometheus and of this machine agree again");
      else logger.warn({ skewMs }, sentence(skewMs));
    },
  });
  const what = "asking Prometheus for its time";
  return { ...clock, stop: repeatedly({ what, task: clock.sync, everyMs: EVERY_MS, logger }) };
}

function sentence(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return (
    `the clock of Prometheus is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} the one of this machine, more than ` +
    "an interval: values are taken at its time, but cooldowns, guard periods and the log go by the time here, and a " +
    "breach that begins close to a release may be escalated instead of rolled back; " +
    "synchronise both (NTP)"
  );
}
