import type { Revision } from "../../src/releases/release.ts";
import type { VulnerabilityTrigger } from "../../src/rules/policy.ts";
import type { ImageReport, Vulnerability } from "../../src/signals/image-report.ts";

/** As a scanner lists it. */
export interface Finding {
  readonly id: string;
  /** Default CRITICAL. */
  readonly severity?: string;
  readonly pkg?: string;
  /** Default: one with a fix; empty: none is known. */
  readonly fixed?: string;
  /** RFC 3339. */
  readonly published?: string;
}

export interface TrivyScan {
  readonly name: string;
  readonly tags?: readonly string[];
  readonly digests?: readonly string[];
  readonly imageId?: string;
  readonly createdAt?: string;
  readonly found?: readonly Finding[];
}

export const SHA = (letter: string): string => `sha256:${letter.repeat(64)}`;

/** What `trivy image --format json` (0.5x, schema version 2) prints, with what is not used of it in part. */
export function trivyScan({ name, tags, digests, imageId = SHA("c"), createdAt, found = [] }: TrivyScan) {
  return {
    SchemaVersion: 2,
    ...(createdAt !== undefined && { CreatedAt: createdAt }),
    ArtifactName: name,
    ArtifactType: "container_image",
    Metadata: {
      Size: 132_345_344,
      OS: { Family: "debian", Name: "12.5" },
      ImageID: imageId,
      DiffIDs: [SHA("d")],
      ...(tags !== undefined && { RepoTags: tags }),
      ...(digests !== undefined && { RepoDigests: digests }),
      ImageConfig: { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [SHA("d")] } },
    },
    Results: [
      {
        Target: `${name} (debian 12.5)`,
        Class: "os-pkgs",
        Type: "debian",
        ...(found.length > 0 && { Vulnerabilities: found.map(trivyFinding) }),
      },
      // A target without findings has no list at all.
      { Target: "Node.js", Class: "lang-pkgs", Type: "node-pkg" },
    ],
  };
}

function trivyFinding({
  id,
  severity = "CRITICAL",
  pkg = "openssl",
  fixed = "3.0.14-1",
  published,
}: Finding) {
  return {
    VulnerabilityID: id,
    PkgID: `${pkg}@3.0.11-1`,
    PkgName: pkg,
    PkgIdentifier: { PURL: `pkg:deb/debian/${pkg}@3.0.11-1?arch=amd64&distro=debian-12.5` },
    InstalledVersion: "3.0.11-1",
    ...(fixed !== "" && { FixedVersion: fixed }),
    Status: fixed === "" ? "affected" : "fixed",
    Layer: { DiffID: SHA("d") },
    SeveritySource: "nvd",
    PrimaryURL: `https://avd.aquasec.com/nvd/${id.toLowerCase()}`,
    Title: `${pkg}: something is wrong`,
    Severity: severity,
    CweIDs: ["CWE-787"],
    CVSS: { nvd: { V3Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", V3Score: 9.8 } },
    ...(published !== undefined && { PublishedDate: published, LastModifiedDate: published }),
  };
}

export interface OperatorScan {
  readonly replicaSet: string;
  readonly container: string;
  /** `library/nginx` */
  readonly repository: string;
  readonly server?: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly updatedAt: string;
  readonly found?: readonly Finding[];
}

/** As Trivy Operator writes it: one for each container of a ReplicaSet, also its init containers. */
export function vulnerabilityReport(scan: OperatorScan) {
  const { replicaSet, container, repository, server = "index.docker.io", tag, digest, updatedAt } = scan;
  const found = scan.found ?? [];
  const count = (severity: string): number =>
    found.filter((each) => (each.severity ?? "CRITICAL") === severity).length;
  return {
    apiVersion: "aquasecurity.github.io/v1alpha1",
    kind: "VulnerabilityReport",
    metadata: {
      name: `replicaset-${replicaSet}-${container}`,
      labels: {
        "resource-spec-hash": "6d9bd977c9",
        "trivy-operator.container.name": container,
        "trivy-operator.resource.kind": "ReplicaSet",
        "trivy-operator.resource.name": replicaSet,
      },
      annotations: { "trivy-operator.aquasecurity.github.io/report-ttl": "24h0m0s" },
    },
    report: {
      artifact: { repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) },
      registry: { server },
      os: { family: "debian", name: "12.5" },
      scanner: { name: "Trivy", vendor: "Aqua Security", version: "0.57.1" },
      summary: {
        criticalCount: count("CRITICAL"),
        highCount: count("HIGH"),
        mediumCount: count("MEDIUM"),
        lowCount: count("LOW"),
        noneCount: 0,
        unknownCount: count("UNKNOWN"),
      },
      updateTimestamp: updatedAt,
      vulnerabilities: found.map(operatorFinding),
    },
  };
}

function operatorFinding({
  id,
  severity = "CRITICAL",
  pkg = "openssl",
  fixed = "3.0.14-1",
  published,
}: Finding) {
  return {
    vulnerabilityID: id,
    resource: pkg,
    installedVersion: "3.0.11-1",
    // Always there; empty where no fix is known.
    fixedVersion: fixed,
    publishedDate: published ?? "",
    lastModifiedDate: published ?? "",
    severity,
    title: `${pkg}: something is wrong`,
    primaryLink: `https://avd.aquasec.com/nvd/${id.toLowerCase()}`,
    links: [],
    score: 9.8,
    target: "",
    class: "os-pkgs",
    packageType: "debian",
  };
}

/** What a report comes down to; by default one of Trivy Operator's, about tags. */
export function imageReport(
  tags: readonly string[],
  ids: readonly (string | Partial<Vulnerability>)[],
  changes: Partial<ImageReport> = {},
): ImageReport {
  const knownAt = changes.knownAt ?? 0;
  return {
    source: "trivy-operator",
    origin: `VulnerabilityReport of ${tags.join(" and ")}`,
    knownAt,
    scannedAt: knownAt,
    image: { tags, manifests: [], configs: [] },
    vulnerabilities: ids.map((id) => vulnerability(typeof id === "string" ? { id } : id)),
    ...changes,
  };
}

/** Images by container that run since long before every scan, so that a scan by tag counts. */
export function longRunning(images: Revision["images"]): Pick<Revision, "images" | "runsIn"> {
  const runsIn = Object.entries(images).map(
    ([container, image]) => [image, [{ replicaSet: "api-1", container, since: 0 }]] as const,
  );
  return { images, runsIn: Object.fromEntries(runsIn) };
}

export function vulnerability(changes: Partial<Vulnerability> = {}): Vulnerability {
  return {
    id: "CVE-2026-1000",
    severity: "critical",
    package: "openssl",
    installed: "3.0.11-1",
    fixed: "3.0.14-1",
    ...changes,
  };
}

export function vulnerabilityTrigger(changes: Partial<VulnerabilityTrigger> = {}): VulnerabilityTrigger {
  return {
    kind: "vulnerability",
    name: "critical-vulnerability",
    mode: "enforce",
    hash: "v1",
    atLeast: "critical",
    ignore: [],
    ...changes,
  };
}
