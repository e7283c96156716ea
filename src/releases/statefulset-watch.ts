import type { KubeApi } from "../kubernetes/api.ts";
import type { ControllerRevision, StatefulSet } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";
import { readPods } from "./deployment-read.ts";
import type { ReleaseMemory } from "./deployment-snapshot.ts";
import type { LoggedRelease } from "./logged-release.ts";
import type { Selected } from "./selected-pods.ts";
import type { FollowingOptions } from "./sighting.ts";
import type { StatefulSetView } from "./statefulset-as-deployment.ts";
import {
  controllerRevisionsRef,
  readRevisions,
  readStatefulSet,
  statefulSetRef,
} from "./statefulset-read.ts";
import { statefulSetSnapshot } from "./statefulset-snapshot.ts";
import { watchTarget } from "./target-watch.ts";
import type { Lookup, TargetWatch } from "./watch.ts";
import { followWorkload } from "./workload-objects.ts";

export interface StatefulSetWatchOptions extends FollowingOptions {
  /** `namespace/statefulset/name` */
  readonly target: string;
  /** Its releases in the log, oldest first. */
  readonly logged?: () => readonly LoggedRelease[];
}

/** Follows a StatefulSet with its ControllerRevisions and Pods. */
export function watchStatefulSet(options: StatefulSetWatchOptions): TargetWatch {
  const { api, now, target, logged = () => [] } = options;
  const ref = statefulSetRef(target);
  const parts = { ref, revisionsRef: controllerRevisionsRef(ref.namespace), viewOf };
  let memory: ReleaseMemory | undefined;
  return watchTarget({
    ref,
    follow: (onChange) => followWorkload(options, parts, onChange),
    read: () => readView(api, target, now),
    lookupOf: (view) => lookupOf(target, statefulSetSnapshot(view, memory, logged())),
    remember: (view) => {
      memory = statefulSetSnapshot(view, memory, logged())?.memory ?? memory;
    },
  });
}

function viewOf(
  statefulSet: StatefulSet,
  selected: Selected<ControllerRevision>,
  at: number,
): StatefulSetView {
  return { statefulSet, ...selected, at };
}

async function readView(api: KubeApi, target: string, now: () => number): Promise<StatefulSetView> {
  const statefulSet = await readStatefulSet(api, target);
  const [revisions, pods] = await Promise.all([readRevisions(api, statefulSet), readPods(api, statefulSet)]);
  return { statefulSet, revisions, pods, at: now() };
}

function lookupOf(target: string, seen: ReturnType<typeof statefulSetSnapshot>): Lookup {
  if (seen !== undefined) return { ok: true, snapshot: seen.snapshot };
  const detail = `${describe(statefulSetRef(target))} has no ControllerRevision yet, so nothing of it runs`;
  return { ok: false, reason: "unknown-version", detail };
}
