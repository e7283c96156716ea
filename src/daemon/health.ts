import type { TriggerStatus } from "../engine/trigger-status.ts";
import type { RightsState } from "./rights-watch.ts";
import type { Mode } from "../rules/policy.ts";

/** What keeps the process from doing its work, and what to do about it. */
export interface Hindrance {
  /** "prometheus", "kubernetes", "rules", "log" … */
  readonly what: string;
  /** One sentence with the numbers. */
  readonly detail: string;
  readonly nextStep: string;
}

/** How a policy is doing; instants are epoch ms. */
export interface PolicyHealth {
  readonly policy: string;
  readonly mode: Mode;
  readonly target: string;
  readonly release: string | undefined;
  /** Newest slot that was evaluated. */
  readonly evaluatedAt: number | undefined;
  /** No endpoint gives a usable answer. */
  readonly blind: { readonly since: number; readonly reason: string } | undefined;
  readonly triggers: readonly TriggerStatus[];
}

export interface DetailedHealth {
  readonly version: string;
  readonly startedAt: number;
  readonly leader: boolean;
  readonly rules: {
    readonly loadedAt: number | undefined;
    /** Of the files as they are now; the rules in force are then those of `loadedAt`. */
    readonly problems: readonly string[];
  };
  readonly log: { readonly seq: number; readonly hash: string; readonly writable: boolean };
  /** What rollbackd's account may not do in the cluster. */
  readonly rights: RightsState;
  readonly policies: readonly PolicyHealth[];
}

/** What the daemon answers about itself. Both from memory, at once. */
export interface Health {
  /** Empty means ready. */
  readonly hindrances: () => readonly Hindrance[];
  readonly detailed: () => DetailedHealth;
}
