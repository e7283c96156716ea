import { type BlueGreenTarget, blueGreenKey } from "../rules/policy.ts";
import { followBlueGreen } from "./blue-green-objects.ts";
import { readBlueGreen } from "./blue-green-read.ts";
import { serviceRef } from "./blue-green-sides.ts";
import { type BlueGreenMemory, blueGreenSnapshot, type BlueGreenView } from "./blue-green-snapshot.ts";
import type { LoggedRelease } from "./script-release.ts";
import type { FollowingOptions } from "./sighting.ts";
import { watchTarget } from "./target-watch.ts";
import type { TargetWatch } from "./watch.ts";

export interface BlueGreenWatchOptions extends FollowingOptions {
  readonly target: BlueGreenTarget;
  /** Releases of the target in the log, oldest first; read anew at each use. */
  readonly logged: () => readonly LoggedRelease[];
}

/** Follows a Service and the Deployments between which it switches. */
export function watchBlueGreen(options: BlueGreenWatchOptions): TargetWatch {
  const { api, target, now } = options;
  const key = blueGreenKey(target);
  let memory: BlueGreenMemory = new Map();
  const seen = (view: BlueGreenView) => blueGreenSnapshot(view, target, { memory, logged: options.logged() });
  return watchTarget<BlueGreenView>({
    ref: serviceRef(key),
    follow: (onChange) => followBlueGreen(options, onChange),
    read: async () => ({ ...(await readBlueGreen(api, key, target)), at: now() }),
    lookupOf: (view) => {
      const found = seen(view);
      return found.ok
        ? { ok: true, snapshot: found.snapshot }
        : { ok: false, reason: "unknown-version", detail: found.detail };
    },
    remember: (view) => {
      const found = seen(view);
      if (found.ok) memory = found.memory;
    },
  });
}
