import { blueGreenKey } from "../rules/policy.ts";
import { type BlueGreenWatchOptions, followBlueGreen } from "./blue-green-objects.ts";
import { readBlueGreen } from "./blue-green-read.ts";
import { serviceRef } from "./blue-green-sides.ts";
import { type BlueGreenMemory, blueGreenSnapshot, type BlueGreenView } from "./blue-green-snapshot.ts";
import { watchTarget } from "./target-watch.ts";
import type { TargetWatch } from "./watch.ts";

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
