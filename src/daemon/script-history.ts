import type { ScriptHistory } from "../releases/script-release.ts";
import type { History } from "./history.ts";

/** All that is known of a script target's past: it has no other place of its own to keep it. */
export function scriptHistory(history: History, target: string): ScriptHistory {
  return {
    releases: () => history.releases(target),
    rollbacks: () => history.begun(target),
    acted: () => history.acted(target),
  };
}
