import { Ajv } from "ajv";
import { type Static, Type } from "typebox";
import { VULNERABILITY_SEVERITIES } from "../rules/policy.ts";
import { readImageName, tagName } from "./image-name.ts";
import type { ImageIdentity, ImageReport, Vulnerability } from "./image-report.ts";

/** The fields of `trivy image --format json` (schema version 2) that are used; there are many more. */
const TrivyReportSchema = Type.Object({
  SchemaVersion: Type.Literal(2),
  CreatedAt: Type.Optional(Type.String()),
  ArtifactName: Type.String(),
  ArtifactType: Type.Optional(Type.String()),
  Metadata: Type.Optional(
    Type.Object({
      ImageID: Type.Optional(Type.String()),
      RepoTags: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
      RepoDigests: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
      ImageConfig: Type.Optional(
        Type.Object({
          os: Type.Optional(Type.String()),
          architecture: Type.Optional(Type.String()),
          variant: Type.Optional(Type.String()),
        }),
      ),
    }),
  ),
  Results: Type.Optional(
    Type.Union([
      Type.Array(
        Type.Object({
          Vulnerabilities: Type.Optional(
            Type.Union([
              Type.Array(
                Type.Object({
                  VulnerabilityID: Type.String(),
                  PkgName: Type.String(),
                  InstalledVersion: Type.Optional(Type.String()),
                  FixedVersion: Type.Optional(Type.String()),
                  Severity: Type.Optional(Type.String()),
                  PublishedDate: Type.Optional(Type.String()),
                }),
              ),
              Type.Null(),
            ]),
          ),
        }),
      ),
      Type.Null(),
    ]),
  ),
});

type TrivyReport = Static<typeof TrivyReportSchema>;

const isTrivyReport = new Ajv().compile<TrivyReport>(TrivyReportSchema);

/** More than any image has; a larger report is not kept in memory. */
const MAX_VULNERABILITIES = 10_000;

export type ReadReport =
  | {
      readonly ok: true;
      /** `scannedAt` is absent where the report does not say. */
      readonly report: Pick<ImageReport, "image" | "platform" | "vulnerabilities"> &
        Partial<Pick<ImageReport, "scannedAt">>;
    }
  /** What is wrong and what to do, for who sent it. */
  | { readonly ok: false; readonly detail: string };

/**
 * Reads what `trivy image --format json` prints. `boundTo` is the image that it is about in the sender's words: for
 * a scan of a file, or of an image before it was pushed.
 */
export function readTrivyReport(body: unknown, boundTo: string | undefined): ReadReport {
  if (!isTrivyReport(body)) return { ok: false, detail: whatIsWrong() };
  const vulnerabilities = (body.Results ?? []).flatMap((result) => (result.Vulnerabilities ?? []).map(kept));
  if (vulnerabilities.length > MAX_VULNERABILITIES) {
    const detail = `The report lists ${vulnerabilities.length} vulnerabilities; ${MAX_VULNERABILITIES} are taken. Send what matters only: trivy image --severity HIGH,CRITICAL.`;
    return { ok: false, detail };
  }
  const refused = notAnImage(body, boundTo);
  if (refused !== undefined) return { ok: false, detail: refused };
  const image = imageOf(body, boundTo);
  if (image === undefined) return { ok: false, detail: noImage(body, boundTo) };
  const { publishedAt: scannedAt } = dateOf(body.CreatedAt);
  return {
    ok: true,
    report: { image, ...platformOf(body), vulnerabilities, ...(scannedAt !== undefined && { scannedAt }) },
  };
}

/** RFC 3339; what is no instant is left out. */
export function dateOf(written: string | undefined): Pick<Vulnerability, "publishedAt"> {
  const at = Date.parse(written ?? "");
  return Number.isNaN(at) ? {} : { publishedAt: at };
}

/** Also of a VulnerabilityReport, which writes severities alike. */
export function severityOf(written: string | undefined): Vulnerability["severity"] {
  const lower = written?.toLowerCase();
  return VULNERABILITY_SEVERITIES.find((each) => each === lower) ?? "unknown";
}

type Found = NonNullable<NonNullable<NonNullable<TrivyReport["Results"]>[number]["Vulnerabilities"]>[number]>;

function kept(found: Found): Vulnerability {
  const { VulnerabilityID: id, PkgName, InstalledVersion, FixedVersion, Severity, PublishedDate } = found;
  return {
    id,
    severity: severityOf(Severity),
    package: PkgName,
    installed: InstalledVersion ?? "",
    ...(FixedVersion !== undefined && FixedVersion !== "" && { fixed: FixedVersion }),
    ...dateOf(PublishedDate),
  };
}

/** What `trivy` scans beside images and can still be about one, if the sender says by digest about which. */
const BOUND_BY_DIGEST: ReadonlySet<string> = new Set(["cyclonedx", "spdx", "filesystem"]);

const ARCHIVE = /(?:\.tar|\.tar\.\w+|\.tgz|\.oci)$/iu;

/** Why the report is not about an image of a registry; undefined where it may be. */
function notAnImage({ ArtifactName, ArtifactType = "container_image" }: TrivyReport, boundTo?: string) {
  const ask = "Say which image it is about by its digest: ?image=registry.example/app@sha256:…";
  if (ArtifactType !== "container_image") {
    const isByDigest = boundTo !== undefined && readImageName(boundTo)?.digest !== undefined;
    if (BOUND_BY_DIGEST.has(ArtifactType)) {
      return isByDigest ? undefined : `The report is a scan of a ${ArtifactType}, not of an image. ${ask}.`;
    }
    return `The report is a scan of a ${ArtifactType}, not of an image. Send what \`trivy image --format json\` prints.`;
  }
  const isFile = ARCHIVE.test(ArtifactName) || /^[./~]/u.test(ArtifactName);
  return isFile && boundTo === undefined
    ? `The report is a scan of the file ${JSON.stringify(ArtifactName)}, not of an image in a registry. ${ask}.`
    : undefined;
}

function platformOf({ Metadata }: TrivyReport): Pick<ImageReport, "platform"> {
  const { os, architecture, variant } = Metadata?.ImageConfig ?? {};
  if (!os || !architecture) return {};
  return { platform: [os, architecture, ...(variant ? [variant] : [])].join("/") };
}

function imageOf({ ArtifactName, Metadata }: TrivyReport, boundTo?: string): ImageIdentity | undefined {
  const digests = Metadata?.RepoDigests ?? [];
  const named = boundTo === undefined ? [ArtifactName, ...(Metadata?.RepoTags ?? []), ...digests] : [boundTo];
  const names = named.flatMap((name) => readImageName(name) ?? []);
  const identity = {
    tags: [...new Set(names.flatMap((name) => tagName(name) ?? []))],
    manifests: [...new Set(names.flatMap(({ digest }) => digest ?? []))],
    configs: /^sha256:[0-9a-f]{64}$/.test(Metadata?.ImageID ?? "") ? [Metadata?.ImageID ?? ""] : [],
  };
  return identity.tags.length + identity.manifests.length === 0 ? undefined : identity;
}

function whatIsWrong(): string {
  const [first] = isTrivyReport.errors ?? [];
  const place = first === undefined || first.instancePath === "" ? "the document" : first.instancePath;
  return `This is not a report as \`trivy image --format json\` prints it: ${place} ${first?.message ?? "is wrong"}.`;
}

function noImage({ ArtifactName }: TrivyReport, boundTo: string | undefined): string {
  return boundTo === undefined
    ? `The report is about ${JSON.stringify(ArtifactName)}, which names no image. Say which image it is about: ?image=registry.example/app:1.4.2`
    : `${JSON.stringify(boundTo)} names no image. Write it as in the Deployment, such as registry.example/app:1.4.2, or with its digest.`;
}
