import type { RulesDocument } from "./document.ts";
import type { Policy } from "./policy.ts";
import type { Problem } from "./problem.ts";

/** One rules file and what it holds; policies and their triggers stand in the order of the file. */
export interface RulesReading {
  readonly file: string;
  /** Undefined where the file cannot be read or is no YAML. */
  readonly document: RulesDocument | undefined;
  /** The policies with their defaults, whatever their shape, for checks between files. */
  readonly written: readonly unknown[];
  /** Empty unless the file as a whole is sound. */
  readonly policies: readonly Policy[];
  readonly problems: readonly Problem[];
}
