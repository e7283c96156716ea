import type { TrafficCounts } from "../../test/workload/traffic.ts";

/** A service in the world, and the ways in which people and rollbackd change it. */
export interface Stage {
  /** What runs, one line each: its name, and what is to be said of it. */
  readonly parts: readonly (readonly [name: string, what: string])[];
  /** The rules file. */
  readonly rules: string;
  /** What else somebody who follows the demo should have read: file name and text. */
  readonly files: readonly (readonly [name: string, text: string])[];
  readonly prometheusUrl: string;
  /** Variables that the daemon needs to reach the service. */
  readonly env: Readonly<Record<string, string>>;
  /** What a person types to release v2 … */
  readonly releaseCommand: string;
  /** … and its being done; gives what the command printed. */
  readonly release: () => Promise<string>;
  /** Versions that answer users now. */
  readonly serving: () => Promise<readonly string[]>;
  readonly traffic: () => TrafficCounts;
  /** A look at the service with its own tools; undefined where there are none. */
  readonly look: { readonly command: string; readonly run: () => Promise<string> } | undefined;
}
