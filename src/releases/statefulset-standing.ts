import type { KubeApi } from "../kubernetes/api.ts";
import { digestAmong } from "./deployment-digest.ts";
import { annotate, noteOf } from "./deployment-standing.ts";
import { templateOf } from "./statefulset-as-deployment.ts";
import {
  controllerRevisionsRef,
  readRevisions,
  readStatefulSet,
  statefulSetRef,
} from "./statefulset-read.ts";
import type { MarkStanding } from "./watch.ts";

/**
 * Writes a standing on every ControllerRevision of the digest; none left is nothing to write. Only the data of one can
 * never change; its annotations stay when it is used again. Throws KubeError.
 */
export function statefulSetStandings(api: KubeApi): MarkStanding {
  return async (target, digest, standing) => {
    const { namespace } = statefulSetRef(target);
    for (const revision of await readRevisions(api, await readStatefulSet(api, target))) {
      if (digestAmong(templateOf(revision), [digest]) !== digest) continue;
      const ref = { ...controllerRevisionsRef(namespace), name: revision.metadata.name };
      await api.patch(ref, annotate(noteOf(digest, standing)));
    }
  };
}
