import type { VulnerabilitySeverity } from "../rules/policy.ts";
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
  /** Of one source the newest report about an image counts; different sources add up. */
  readonly source: "trivy-operator" | "posted";
  /** Which report it is, for people. */
  readonly origin: string;
  /** When it came to be known, epoch ms. */
  readonly knownAt: number;
  /** When the image was looked at, epoch ms: what became known later it cannot list. */
  readonly scannedAt: number;
  readonly image: ImageIdentity;
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
}

/** What the reports say of one image; without any, `reports` is empty. */
export interface ImageFindings {
  readonly image: string;
  readonly reports: readonly ImageReport[];
  /** Each vulnerability once a package. */
  readonly vulnerabilities: readonly Vulnerability[];
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
export function identityOf({ name, pulled }: UsedImage): ImageIdentity {
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
  if (meets(one.manifests, other.manifests) || meets(one.configs, other.configs)) return true;
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
    const counted = newestPerSource(about);
    const all = counted.flatMap(({ vulnerabilities }) => vulnerabilities);
    const once = new Map(all.map((each) => [`${each.id} ${each.package}`, each]));
    return { image: image.name, reports: counted, vulnerabilities: [...once.values()] };
  });
}

function newestPerSource(reports: readonly ImageReport[]): readonly ImageReport[] {
  const newest = new Map<ImageReport["source"], ImageReport>();
  for (const report of reports) {
    const known = newest.get(report.source);
    if (known === undefined || report.knownAt > known.knownAt) newest.set(report.source, report);
  }
  return [...newest.values()];
}

function meets(some: readonly string[], others: readonly string[]): boolean {
  return some.some((each) => others.includes(each));
}
