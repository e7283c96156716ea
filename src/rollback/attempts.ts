import type { KubeError, KubeErrorKind } from "../kubernetes/error.ts";
import type { KubeObject } from "../kubernetes/objects.ts";
import { describe, type ResourceRef } from "../kubernetes/resource.ts";
import { lastDecision, rememberedRollbacks } from "../releases/deployment-marks.ts";
import { formatInstant } from "../text/format.ts";
import type { ActFailure, Again, Failed, RollbackOrder, Shown } from "./act.ts";

/**
 * What another rollbackd did about the same release, so that `target` no longer runs what was decided about; undefined
 * where its annotations do not show that.
 */
export function doneByPeer(order: RollbackOrder, target: KubeObject): Failed | undefined {
  const { decisionId, from, releasedAt = Number.NEGATIVE_INFINITY } = order;
  const last = lastDecision(target);
  const note = rememberedRollbacks(target, []).find(({ decision }) => decision === last);
  if (note === undefined || last === decisionId) return undefined;
  if (note.from !== from.digest || note.at < releasedAt) return undefined;
  const detail =
    `Another rollbackd rolled ${order.target} back from ${from.name} at ${formatInstant(note.at)} ` +
    `(decision ${note.decision}). This one changed nothing and leaves the rest to the other.`;
  return { ...unchanged("superseded", detail), peer: note.decision };
}

/** The end of an act that changed nothing. */
export function unchanged(reason: ActFailure, detail: string): Failed {
  return { kind: "failed", reason, detail, changed: false };
}

/**
 * What a try on `ref` came to that an error of the API server ended. Where the change may have been made all the same,
 * `inspect` looks at the target.
 */
export async function afterError(
  error: KubeError,
  ref: NamedRef,
  inspect: () => Promise<Extract<Shown, string>>,
): Promise<Again | Failed | "applied"> {
  const outcome = again(error, ref);
  if (error.isRead && outcome.kind === "again") return { ...outcome, isUnread: true };
  if (!error.mayHaveChanged || outcome.kind === "failed") return outcome;
  const shown = await inspect();
  if (shown === "applied") return shown;
  return shown === "not-observable" ? unseen(outcome) : outcome;
}

type NamedRef = ResourceRef & { readonly name: string };

/** A try that did not get through and changed nothing. A target that is not there is not tried again. */
function again(error: KubeError, ref: NamedRef): Again | Failed {
  const more = error.kind === "conflict" ? ` ${whoChanges(ref)}` : "";
  const failure = unchanged(FAILURES[error.kind], `${error.message}${more}`);
  return error.kind === "not-found" ? failure : againFor(error, failure);
}

/** The same, where the act ends with `failure` if nothing else comes of it. */
export function againFor({ kind, status, retryAfterMs }: KubeError, failure: Failed): Again {
  return {
    kind: "again",
    failure,
    answer: status === undefined ? "no answer" : String(status),
    ...(retryAfterMs !== undefined && { notBeforeMs: retryAfterMs }),
    isRefused: REFUSALS.has(kind),
  };
}

/** Nothing is known of what the try did. */
function unseen({ failure, ...others }: Again): Again {
  const { changed: _, ...unknown } = failure;
  return { ...others, failure: unknown };
}

/** Not `unauthorized`: a token that is being renewed is refused for a moment. */
const REFUSALS: ReadonlySet<KubeErrorKind> = new Set(["forbidden", "rejected"]);

function whoChanges(ref: NamedRef): string {
  const { resource, namespace, name } = ref;
  return (
    `Others change ${describe(ref)} again and again; find out who: kubectl -n ${namespace} get ` +
    `${resource.replace(/s$/u, "")} ${name} --show-managed-fields -o yaml`
  );
}

const FAILURES: Readonly<Record<KubeErrorKind, ActFailure>> = {
  "not-found": "target-missing",
  forbidden: "forbidden",
  unauthorized: "forbidden",
  conflict: "conflict",
  rejected: "rejected",
  gone: "unreachable",
  unreachable: "unreachable",
  server: "unreachable",
};
