import type { Release, Revision } from "../releases/release.ts";
import { afterEffects, ownersNextStep } from "./gitops.ts";
import { heldBackWarnings } from "./held-back.ts";
import { movedTags } from "./moved-tags.ts";
import { missingNeeds, unseenNeeds } from "./needed.ts";
import { TARGET_CHECKS } from "./obstacles.ts";
import { HOLD_REASONS, type HoldReason } from "./reason.ts";
import type { Situation } from "./situation.ts";
import { vulnerabilitiesIn } from "./vulnerable-target.ts";

/**
 * Whether a reason that holds automation back binds a person, too. They know more than was measured, so what is about
 * evidence, moderation or a person's own word does not. What makes an act impossible, unsafe or unrecorded does.
 */
const BINDS: Readonly<Record<HoldReason, boolean>> = {
  "log-unwritable": true,
  "not-leader": true,
  frozen: false,
  "mass-breach": false,
  "outside-guard-period": false,
  "breach-predates-release": false,
  "window-before-release": false,
  "rule-changed": false,
  superseded: true,
  "release-not-reversible": true,
  vetoed: false,
  cooldown: false,
  "budget-exhausted": false,
  "rollback-failed": false,
  "gitops-owner": true,
  "no-known-good-revision": true,
  "target-same-vulnerability": false,
  "target-not-ready": true,
  "not-confirmed": false,
  "awaiting-approval": false,
  "observe-mode": false,
};

/** What does not bind a person and is still worth their knowing before they agree. */
const WORTH_KNOWING: readonly HoldReason[] = ["frozen", "mass-breach", "cooldown"];

/** A person may choose another revision than automation would. */
const OF_CHOICE: ReadonlySet<HoldReason> = new Set(["no-known-good-revision", "target-not-ready"]);

/** What a person can do about a reason that binds them. */
const NEXT: Partial<Record<HoldReason, string>> = {
  "log-unwritable": "Nothing is done without a record: free space or repair the volume, then ask again.",
  "not-leader": "Ask the replica that leads.",
  superseded: "Look at what runs now, and ask for a new plan.",
  "release-not-reversible":
    "Fix forward, or undo first what cannot be rolled back; where the precheck itself is broken, fix it.",
  "gitops-owner":
    "Revert the commit that brought the release; gitops: suspend (or warn) in the policy lets it be done.",
  "target-not-ready": "Fix that first, then ask again.",
};

export type ByHand =
  | {
      readonly ok: true;
      readonly release: Release;
      readonly to: Revision;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly reason: HoldReason | "unknown-revision"; readonly detail: string };

/** The decision about a rollback that a person asks for. `to`: the name of a revision; without it one is chosen. */
export function decideByHand(situation: Situation, to: string | undefined): ByHand {
  const { release } = situation;
  for (const reason of HOLD_REASONS.filter((each) => BINDS[each] && !OF_CHOICE.has(each))) {
    const detail = TARGET_CHECKS[reason]?.(situation);
    if (detail === undefined) continue;
    return bound(reason, detail, reason === "gitops-owner" ? ownersNextStep(situation) : undefined);
  }
  if (release === undefined) {
    return refused(
      "no-known-good-revision",
      "No release of the target is known, so there is nothing to undo. Check that the target runs, then ask again.",
    );
  }
  const chosen = to === undefined ? chooseForPerson(situation, release) : named(situation, release, to);
  if ("reason" in chosen) return chosen;
  const missing = missingNeeds(situation);
  if (missing !== undefined) return bound("target-not-ready", missing);
  return { ok: true, release, to: chosen, warnings: warnings(situation, release, chosen) };
}

type Refused = Extract<ByHand, { ok: false }>;

function bound(reason: HoldReason, detail: string, next = NEXT[reason] ?? ""): Refused {
  return refused(reason, `${detail}. ${next}`.trimEnd());
}

/** Where there is nothing to go back to. */
const DEPLOY = "Deploy a version that you trust.";

/** The newest that is known to be good, else the newest that was not rolled back; also past what rollbackd put back. */
function chooseForPerson({ earlier }: Situation, release: Release): Revision | Refused {
  const others = earlier.filter(({ digest }) => digest !== release.revision.digest);
  const found =
    others.find(({ standing }) => standing === "good") ??
    others.find(({ standing }) => standing === "unproven");
  if (found !== undefined) return found;
  const next = earlier.length === 0 ? DEPLOY : "Name one, or deploy a version that you trust.";
  return refused(
    "no-known-good-revision",
    `No earlier revision can be chosen automatically: ${listed(earlier, release)}. ${next}`,
  );
}

function named({ earlier }: Situation, release: Release, to: string): Revision | Refused {
  const found = earlier.find((revision) => isCalled(revision, to));
  if (found !== undefined) return found;
  const what = isCalled(release.revision, to) ? `${to} is what runs now` : `There is no revision ${to}`;
  const next = earlier.length === 0 ? DEPLOY : "Name one of these.";
  return refused("unknown-revision", `${what}. Earlier revisions: ${listed(earlier, release)}. ${next}`);
}

/** The members of a group may be named in any order. */
function isCalled({ name, members }: Revision, to: string): boolean {
  const sorted = (text: string): string => text.split(",").sort().join(",");
  return name === to || (members !== undefined && sorted(name) === sorted(to));
}

function listed(earlier: readonly Revision[], { nothingBefore }: Release): string {
  const none = nothingBefore === undefined ? "none" : `none, because ${nothingBefore}`;
  return earlier.map(({ name, standing }) => `${name} (${standing})`).join(", ") || none;
}

function refused(reason: Refused["reason"], detail: string): Refused {
  return { ok: false, reason, detail };
}

function warnings(situation: Situation, release: Release, to: Revision): readonly string[] {
  const { predecessorBreaching } = situation;
  const said = WORTH_KNOWING.flatMap((reason) => {
    const detail = TARGET_CHECKS[reason]?.(situation);
    return detail === undefined ? [] : [keepsAutomation(reason, detail)];
  });
  return [
    ...(to.standing === "quarantined" ? [`${to.name} was rolled back before.`] : []),
    ...(to.standing === "unproven" ? [`${to.name} was never proven to be good.`] : []),
    ...(predecessorBreaching && to.digest === release.previous?.digest
      ? [`A trigger was breaching on ${to.name} when it was replaced.`]
      : []),
    ...vulnerabilitiesIn(situation, to),
    ...(situation.clash === undefined ? [] : [keepsAutomation("target-not-ready", situation.clash)]),
    ...said,
    ...heldBackWarnings(situation, to),
    ...unseenNeeds(situation),
    ...movedTags(release.revision, to),
    ...afterEffects(situation),
    `Only what runs is rolled back: databases and other data stay as ${release.revision.name} left them.`,
  ];
}

function keepsAutomation(reason: HoldReason, detail: string): string {
  return `This would keep automation from acting (${reason}): ${detail}.`;
}
