import { formatInstant } from "../text/format.ts";
import { countedOf } from "../engine/vulnerability-status.ts";
import { imagesUsed, type Revision, revisionText } from "../releases/release.ts";
import { chooseTarget } from "../releases/standing.ts";
import type { VulnerabilityTrigger } from "../rules/policy.ts";
import { findingsOf, type ImageFindings, type Vulnerability } from "../signals/image-report.ts";
import type { FiringTrigger, Situation } from "./situation.ts";

/**
 * Why going back would not help against a vulnerability: what is gone back to has it as well, has another one that
 * counts, or nobody has looked. Other triggers do not care: a service that works with a hole beats one that is down.
 */
export function vulnerableTarget(situation: Situation, { trigger }: FiringTrigger): string | undefined {
  const { release, earlier, predecessorBreaching } = situation;
  if (trigger.kind !== "vulnerability" || release === undefined) return undefined;
  const target = chooseTarget(release, earlier, predecessorBreaching);
  return target && whyNoHelp(situation, trigger, target);
}

/** What a person should know of the images that they want to put back, a sentence a trigger. */
export function vulnerabilitiesIn({ policy, reports = [], at }: Situation, to: Revision): readonly string[] {
  return policy.triggers.flatMap((trigger) => {
    if (trigger.kind !== "vulnerability") return [];
    const images = findingsOf(imagesUsed(to), reports);
    const ids = distinct(images.flatMap((image) => countedOf(trigger, image, at)));
    return ids.length === 0 ? [] : [`${to.name} has what ${trigger.name} fires for: ${list(ids)}.`];
  });
}

/** Undefined where going back helps. */
function whyNoHelp(
  { release, reports = [], at }: Pick<Situation, "release" | "reports" | "at">,
  trigger: VulnerabilityTrigger,
  target: Revision,
): string | undefined {
  const running = release === undefined ? [] : findingsOf(imagesUsed(release.revision), reports);
  const there = findingsOf(imagesUsed(target), reports);
  const here = distinct(running.flatMap((image) => countedOf(trigger, image, at)));
  // One that a scanner calls less bad elsewhere is still the same one.
  const anywhere = distinct(there.flatMap(({ vulnerabilities }) => vulnerabilities));
  const same = here.filter((id) => anywhere.includes(id));
  const others = distinct(there.flatMap((image) => countedOf(trigger, image, at)));
  const name = revisionText(target);
  const both = (ids: readonly string[]): string => `running: ${list(here)}; ${name}: ${list(ids)}`;
  const all = [...new Set([...same, ...others])];
  if (same.length > 0) return `${list(same)} ${same.length === 1 ? "is" : "are"} in both (${both(all)})`;
  if (others.length > 0) return `going back would bring others that count (${both(others)})`;
  const unreported = there.filter(({ reports: about }) => about.length === 0);
  if (unreported.length > 0 || there.length === 0) {
    const doubtful = unreported.flatMap((image) => image.doubtful);
    const why = [
      `no report ${doubtful.length > 0 ? "that counts " : ""}is known for ${list(unreported.map(({ image }) => image))}`,
      ...doubtful,
    ].join("; ");
    return `it is not known that going back helps: ${why} (running: ${list(here)}; ${name}: not known)`;
  }
  const late = tooEarly(running, there, { trigger, at });
  return late && `${late} (running: ${list(here)}; ${name}: not known)`;
}

/** A scan from before a vulnerability was known does not say that an image is without it. */
function tooEarly(
  running: readonly ImageFindings[],
  there: readonly ImageFindings[],
  { trigger, at }: { readonly trigger: VulnerabilityTrigger; readonly at: number },
): string | undefined {
  const also = new Set(running.map(({ image }) => image));
  const others = there.filter(({ image }) => !also.has(image));
  for (const findings of running) {
    const seenAt = scannedAt(findings);
    for (const { id, publishedAt } of countedOf(trigger, findings, at)) {
      const knownAt = Math.min(publishedAt ?? seenAt, seenAt);
      const early = others.find((other) => scannedAt(other) < knownAt);
      if (early === undefined) continue;
      return (
        `it is not known that going back helps: ${early.image} was last scanned at ${formatInstant(scannedAt(early))}, ` +
        `before ${id} was known of (${formatInstant(knownAt)})`
      );
    }
  }
  return undefined;
}

function scannedAt({ reports }: ImageFindings): number {
  return Math.max(...reports.map((report) => report.scannedAt));
}

function distinct(found: readonly Vulnerability[]): readonly string[] {
  return [...new Set(found.map(({ id }) => id))];
}

const LISTED = 10;

function list(texts: readonly string[]): string {
  const more = texts.length - LISTED;
  const shown = texts.slice(0, LISTED).join(", ") || "none";
  return more > 0 ? `${shown} and ${more} more` : shown;
}
