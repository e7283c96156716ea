import type { ProbeSpec } from "../rules/policy.ts";
import type { Probe, ProbeResult } from "./probe.ts";
import type { Sample } from "./sample.ts";

export interface ProberOptions {
  readonly spec: ProbeSpec;
  readonly probe: Probe;
  /** How many of the newest results are remembered. */
  readonly keep: number;
  readonly onResult?: (result: ProbeResult) => void;
}

export interface Prober {
  /** Each probe once, oldest first, at the instant its result was known: 1 passed, 0 failed, else unknown. */
  readonly samples: () => readonly Sample[];
  /** Ends the probe under way; its result is not kept. */
  readonly stop: () => Promise<void>;
}

/**
 * Probes at once and then every `intervalMs` of monotonic time, never two at a time: a turn that comes while
 * a probe is under way, or while the process was paused, is left out.
 */
export function startProber({ spec, probe, keep, onResult }: ProberOptions): Prober {
  const stopping = new AbortController();
  const { signal } = stopping;
  const samples: Sample[] = [];
  const once = async (): Promise<void> => {
    const result = await probe(spec, signal);
    if (signal.aborted) return;
    // The clock may be set back: results keep their order, or they would not count until it has caught up.
    const at = Math.max(result.at, (samples.at(-1)?.at ?? 0) + 1);
    samples.push(sampleOf({ ...result, at }));
    samples.splice(0, samples.length - keep);
    onResult?.(result);
  };
  const running = repeat(once, spec.intervalMs, signal);
  return {
    samples: () => [...samples],
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** Runs `task` on a grid of `everyMs` from now on until `signal` is aborted. */
async function repeat(task: () => Promise<void>, everyMs: number, signal: AbortSignal): Promise<void> {
  const origin = performance.now();
  const elapsed = (): number => performance.now() - origin;
  let turn = 0;
  while (!signal.aborted) {
    await task();
    // Timers may fire a fraction early; counting turns keeps one from being taken twice.
    turn = Math.max(turn + 1, Math.ceil(elapsed() / everyMs));
    await pause(turn * everyMs - elapsed(), signal);
  }
}

/** Ends early, and without an error, when `signal` is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

function sampleOf(result: ProbeResult): Sample {
  const { at, detail } = result;
  if (result.ok) return { at, value: 1, detail };
  return result.fault === "target" ? { at, value: 0, detail } : { at, unknown: "not-evaluated", detail };
}
