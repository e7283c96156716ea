import type { Logger } from "pino";
import type { TargetWatch } from "../releases/watch.ts";
import { type Policy, targetKey, touchedBy } from "../rules/policy.ts";

/** What a policy names, and what that was found to be. */
interface Named {
  readonly policy: Policy;
  readonly watch: Pick<TargetWatch, "current">;
}

/** Another policy on the same Deployment: one of the two names it, of the other's Service it is a colour. */
export interface Sharing {
  readonly policy: Policy;
  /** Why neither rolls back and what to do, a sentence without its full stop; absent where one of them only observes. */
  readonly clash?: string;
}

/**
 * Which Deployments are the colours of a Service is not written in the rules, so that two policies are about the same
 * thing is found out once the cluster was seen. What cannot be seen is not acted on either.
 */
export function sharingWith(policy: Policy, running: readonly Named[]): readonly Sharing[] {
  const own = running.find((one) => one.policy.name === policy.name);
  if (own === undefined) return [];
  const colors = colorsOf(own);
  return running.flatMap((other) => {
    if (other === own) return [];
    const clash = isNamer(policy)
      ? clashOn(policy, other.policy, colorsOf(other))
      : clashOn(other.policy, policy, colors);
    if (clash === undefined) return [];
    const bothAct = policy.mode !== "observe" && other.policy.mode !== "observe";
    return [{ policy: other.policy, ...(bothAct && { clash }) }];
  });
}

/** All of them in one sentence without its full stop; undefined where nothing clashes. */
export function clashOf(sharings: readonly Sharing[]): string | undefined {
  const clashes = sharings.flatMap(({ clash }) => clash ?? []);
  return clashes.length === 0 ? undefined : clashes.join("; ");
}

/** Logs a clash once when it comes up, the one that has the Service for both. To be called at every slot. */
export function watchSharing(
  policy: Policy,
  ports: { readonly sharing: () => readonly Sharing[]; readonly logger: Logger },
): () => void {
  let told: string | undefined;
  return () => {
    if (policy.target.kind !== "blue-green") return;
    const clash = clashOf(ports.sharing());
    if (clash !== undefined && clash !== told) ports.logger.warn({ policy: policy.name }, clash);
    told = clash;
  };
}

function isNamer({ target }: Policy): boolean {
  return target.kind === "deployment" || target.kind === "group";
}

function colorsOf({ policy, watch }: Named): readonly string[] {
  if (policy.target.kind !== "blue-green") return [];
  const lookup = watch.current();
  return (lookup.ok && lookup.snapshot.deployments) || [];
}

/** About the first Deployment that the one names and that is a colour of the other's Service. */
function clashOn(namer: Policy, switcher: Policy, colors: readonly string[]): string | undefined {
  if (!isNamer(namer)) return undefined;
  const deployment = touchedBy(targetKey(namer)).find((named) => colors.includes(named));
  return (
    deployment &&
    `${namer.name} acts on the Deployment ${deployment}, and ${switcher.name} on ${targetKey(switcher)}, of which ` +
      "that is a colour, so neither rolls back; set one of the two to mode: observe, or take it out of the rules"
  );
}
