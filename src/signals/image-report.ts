import { VULNERABILITY_SEVERITIES, type VulnerabilitySeverity } from "../rules/policy.ts";
import { formatInstant } from "../text/format.ts";
import { readImageName, tagName } from "./image-name.ts";

export interface Vulnerability {
  /** `CVE-2026-1234`, `GHSA-…` */
  readonly id: string;
  readonly severity: VulnerabilitySeverity;
  readonly package: string;
  readonly installed: string;
  /** Absent while no version is known to be without it. */
  readonly fixed?: string;
  /** When it was made public, epoch ms; absent where the report does not say. */
  readonly publishedAt?: number;
}

/** What names an image. Tags may move from one image to another; digests do not. */
export interface ImageIdentity {
  /** Normalised, with tag: `docker.io/library/nginx:1.27`. */
  readonly tags: readonly string[];
  /** Digests of its manifest or index, as registries know it. */
  readonly manifests: readonly string[];
  /** Digests of its configuration: what a scanner calls the image's ID. */
  readonly configs: readonly string[];
}

/** What one scan found in one image. */
export interface ImageReport {
  /** Of one source the newest scan of an image and platform counts; different sources and platforms add up. */
  readonly source: "trivy-operator" | "posted";
  /** Which report it is, for people. */
  readonly origin: string;
  /** When it came to be known, epoch ms. */
  readonly knownAt: number;
  /** When the image was looked at, epoch ms: what became known later it cannot list. */
  readonly scannedAt: number;
  readonly image: ImageIdentity;
  /** `linux/arm64`: one of those that an index names. Absent where the report does not say. */
  readonly platform?: string;
  /** The container whose image was scanned, in the pods of a ReplicaSet. Absent where the report names none. */
  readonly scannedIn?: { readonly replicaSet: string; readonly container: string };
  readonly vulnerabilities: readonly Vulnerability[];
}

/** Everything that was reported, and why that may not be all. */
export interface KnownReports {
  readonly reports: readonly ImageReport[];
  /** Why what the cluster has cannot be read, with the next step; undefined where it can. */
  readonly unread: string | undefined;
}

export const NO_REPORTS: KnownReports = { reports: [], unread: undefined };

/** An image as a template names it, and as the pods that run it say what they pulled. */
export interface UsedImage {
  readonly name: string;
  readonly pulled: readonly string[];
  readonly runsIn: readonly RunsIn[];
}

/** One container of a ReplicaSet's template. */
export interface RunsIn {
  readonly replicaSet: string;
  readonly container: string;
  /** Since when the cluster has this template, epoch ms. */
  readonly since: number;
}

/** What the reports say of one image; without any that counts, `reports` is empty. */
export interface ImageFindings {
  readonly image: string;
  readonly reports: readonly ImageReport[];
  /** Each vulnerability once a package, at the worst severity that a report gives it. */
  readonly vulnerabilities: readonly Vulnerability[];
  /** Why a report that names the image by its tag may be about an earlier image of that tag. */
  readonly doubtful: readonly string[];
}

/** What is known of the images that run, and why that may not be all. */
export interface ImagesSeen {
  readonly images: readonly ImageFindings[];
  readonly unread: string | undefined;
}

export function imagesSeen(images: readonly UsedImage[], { reports, unread }: KnownReports): ImagesSeen {
  return { images: findingsOf(images, reports), unread };
}

/** `pulled` are values of `imageID` of a pod's status: `registry/app@sha256:…`, or the bare digest. */
export function identityOf({ name, pulled }: Pick<UsedImage, "name" | "pulled">): ImageIdentity {
  const read = readImageName(name);
  const digests = pulled.flatMap((text) => /sha256:[0-9a-f]{64}$/i.exec(text)?.[0].toLowerCase() ?? []);
  const tag = read && tagName(read);
  const isNamed = pulled.map((text) => text.includes("@"));
  return {
    tags: tag === undefined ? [] : [tag],
    manifests: [...new Set([read?.digest ?? [], digests.filter((_, index) => isNamed[index])].flat())],
    configs: [...new Set(digests.filter((_, index) => isNamed[index] !== true))],
  };
}

/**
 * Is it the same image? By a digest that both know; where both name manifests, these decide alone, because a tag may
 * have moved since; else by the tag.
 */
export function isSameImage(one: ImageIdentity, other: ImageIdentity): boolean {
  if (isSameDigest(one, other)) return true;
  if (one.manifests.length > 0 && other.manifests.length > 0) return false;
  return meets(one.tags, other.tags);
}

/** What is known of each image. */
export function findingsOf(
  images: readonly UsedImage[],
  reports: readonly ImageReport[],
): readonly ImageFindings[] {
  return images.map((image) => {
    const identity = identityOf(image);
    const about = reports.filter((report) => isSameImage(report.image, identity));
    const certain = about.filter(
      (report) => isSameDigest(report.image, identity) || isOfThisUse(report, image),
    );
    const counted = newestScans(certain);
    return {
      image: image.name,
      reports: counted,
      vulnerabilities: worstOfEach(counted.flatMap(({ vulnerabilities }) => vulnerabilities)),
      doubtful: counted.length > 0 ? [] : newestScans(about).map((report) => whyDoubtful(report, image)),
    };
  });
}

function isSameDigest(one: ImageIdentity, other: ImageIdentity): boolean {
  return meets(one.manifests, other.manifests) || meets(one.configs, other.configs);
}

/** A tag may have moved between a scan and the release, but not where the scan was made of this very container. */
function isOfThisUse({ scannedAt, scannedIn }: ImageReport, { runsIn }: UsedImage): boolean {
  const isNamed = runsIn.some(
    ({ replicaSet, container }) => replicaSet === scannedIn?.replicaSet && container === scannedIn.container,
  );
  return isNamed || (runsIn.length > 0 && scannedAt >= sinceOf(runsIn));
}

function whyDoubtful({ origin, scannedAt }: ImageReport, { name, runsIn }: UsedImage): string {
  const scanned = `${origin} is a scan of ${formatInstant(scannedAt)} that names ${name} by its tag`;
  return runsIn.length === 0
    ? `${scanned}, and since when this tag runs is not known`
    : `${scanned}, but the tag may have moved before it was released at ${formatInstant(sinceOf(runsIn))}`;
}

function sinceOf(runsIn: readonly RunsIn[]): number {
  return Math.max(...runsIn.map(({ since }) => since));
}

/** The newest scan of each source and platform, whichever was received last. */
function newestScans(reports: readonly ImageReport[]): readonly ImageReport[] {
  const newest = new Map<string, ImageReport>();
  for (const report of reports) {
    const key = `${report.source} ${report.platform ?? ""}`;
    const known = newest.get(key);
    if (known === undefined || isNewer(report, known)) newest.set(key, report);
  }
  return [...newest.values()];
}

/** Of two scans of one instant, the one that was received later. */
export function isNewer(one: ImageReport, other: ImageReport): boolean {
  return one.scannedAt === other.scannedAt ? one.knownAt > other.knownAt : one.scannedAt > other.scannedAt;
}

function worstOfEach(all: readonly Vulnerability[]): readonly Vulnerability[] {
  const worst = new Map<string, Vulnerability>();
  for (const each of all) {
    const key = `${each.id} ${each.package}`;
    const known = worst.get(key);
    if (known === undefined || rank(each) > rank(known)) worst.set(key, each);
  }
  return [...worst.values()];
}

function rank({ severity }: Vulnerability): number {
  return VULNERABILITY_SEVERITIES.indexOf(severity);
}

function meets(some: readonly string[], others: readonly string[]): boolean {
  return some.some((each) => others.includes(each));
}
