import { describe, expect, test } from "vitest";
import { readTrivyReport } from "../../src/signals/trivy-report.ts";
import { readReportObject } from "../../src/signals/vulnerability-report.ts";
import { SHA, trivyScan, vulnerabilityReport } from "../support/vulnerabilities.ts";

const V1 = "ghcr.io/vcci/api:v1";

describe("what trivy image --format json prints", () => {
  test("comes down to what is found and in which image", () => {
    const scan = trivyScan({
      name: V1,
      tags: [V1],
      digests: [`ghcr.io/vcci/api@${SHA("a")}`],
      createdAt: "2026-03-02T09:00:00.5+01:00",
      found: [
        { id: "CVE-2026-1", published: "2026-03-01T00:00:00Z" },
        { id: "CVE-2026-2", severity: "LOW", pkg: "libc6", fixed: "" },
        { id: "CVE-2026-3", severity: "NONE" },
      ],
    });
    expect(readTrivyReport(scan, undefined)).toEqual({
      ok: true,
      report: {
        image: { tags: [V1], manifests: [SHA("a")], configs: [SHA("c")] },
        platform: "linux/amd64",
        scannedAt: Date.parse("2026-03-02T08:00:00.5Z"),
        vulnerabilities: [
          {
            id: "CVE-2026-1",
            severity: "critical",
            package: "openssl",
            installed: "3.0.11-1",
            fixed: "3.0.14-1",
            publishedAt: Date.parse("2026-03-01T00:00:00Z"),
          },
          { id: "CVE-2026-2", severity: "low", package: "libc6", installed: "3.0.11-1" },
          {
            id: "CVE-2026-3",
            severity: "unknown",
            package: "openssl",
            installed: "3.0.11-1",
            fixed: "3.0.14-1",
          },
        ],
      },
    });
  });

  test("may find nothing, which is a report as well", () => {
    const nothing = [trivyScan({ name: V1 }), { ...trivyScan({ name: V1 }), Results: null }];
    for (const body of nothing) {
      expect(readTrivyReport(body, undefined)).toMatchObject({ ok: true, report: { vulnerabilities: [] } });
    }
  });

  test("is about the image that its sender names, whatever it was scanned as", () => {
    const scan = trivyScan({ name: "build/image.tar" });
    expect(readTrivyReport(scan, `ghcr.io/vcci/api@${SHA("a")}`)).toMatchObject({
      ok: true,
      report: { image: { tags: [], manifests: [SHA("a")], configs: [SHA("c")] } },
    });
    const renamed = trivyScan({ name: "api:ci-4711", tags: ["api:ci-4711"] });
    expect(readTrivyReport(renamed, V1)).toMatchObject({ ok: true, report: { image: { tags: [V1] } } });
  });

  const kind = (ArtifactType: string, name = "app") => ({ ...trivyScan({ name }), ArtifactType });
  test.each([
    ["an SBOM", kind("cyclonedx", "sbom.json"), "ghcr.io/vcci/api"],
    ["an SPDX document", kind("spdx", "sbom.spdx.json"), "ghcr.io/vcci/api"],
    ["an unpacked file system", kind("filesystem", "/rootfs"), "ghcr.io/vcci/api"],
  ])("of %s counts only when its sender names an image by digest", (_, body, repository) => {
    expect(readTrivyReport(body, `${repository}@${SHA("a")}`)).toMatchObject({
      ok: true,
      report: { image: { manifests: [SHA("a")] } },
    });
    for (const boundTo of [undefined, `${repository}:v1`]) {
      const read = readTrivyReport(body, boundTo);
      expect(read.ok ? "taken" : read.detail).toMatch(
        /not of an image.*\?image=registry\.example\/app@sha256/u,
      );
    }
  });

  test.each([
    ["a virtual machine", kind("vm", "disk.img")],
    ["a repository", kind("repository", "https://github.com/vcci/api")],
    ["a cloud account", kind("aws_account", "123456789012")],
  ])("of %s is refused, whatever image its sender names", (_, body) => {
    for (const boundTo of [undefined, V1, `ghcr.io/vcci/api@${SHA("a")}`]) {
      const read = readTrivyReport(body, boundTo);
      expect(read.ok ? "taken" : read.detail).toMatch(/not of an image.*trivy image --format json/u);
    }
  });

  test.each(["api.tar", "build/api.tar.gz", "api.tgz", "./image", "/tmp/oci", "../api.TAR"])(
    "of the file %s is refused without the image that it is about",
    (name) => {
      const read = readTrivyReport(trivyScan({ name, tags: ["api:ci"] }), undefined);
      expect(read.ok ? "taken" : read.detail).toMatch(
        /scan of the file .*\?image=registry\.example\/app@sha256/u,
      );
    },
  );

  test("of an older Trivy that names no kind is taken for that of an image", () => {
    const { ArtifactType: _, ...body } = trivyScan({ name: V1 });
    expect(readTrivyReport(body, undefined)).toMatchObject({ ok: true, report: { image: { tags: [V1] } } });
  });

  const wrong: readonly (readonly [string, unknown, string | undefined, RegExp])[] = [
    ["is no object", "CVE-2026-1", undefined, /not a report as `trivy image --format json` prints it/],
    ["is of another version", { ...trivyScan({ name: V1 }), SchemaVersion: 1 }, undefined, /\/SchemaVersion/],
    ["is of another kind", { kind: "VulnerabilityReport" }, undefined, /not a report/],
    [
      "has a list that is none",
      { SchemaVersion: 2, ArtifactName: V1, Results: [{ Vulnerabilities: "many" }] },
      undefined,
      /\/Results/,
    ],
    ["names no image", trivyScan({ name: "/tmp/image.tar" }), undefined, /\?image=registry\.example/],
    ["is bound to no image", trivyScan({ name: V1 }), "not an image", /"not an image" names no image/],
  ];
  test.each(wrong)("is refused with what is wrong when it %s", (_, body, boundTo, expected) => {
    const read = readTrivyReport(body, boundTo);
    expect(read.ok ? "taken" : read.detail).toMatch(expected);
  });

  test("is refused with the way to make it smaller when it lists more than any image has", () => {
    const found = Array.from({ length: 10_001 }, (_, index) => ({ id: `CVE-${index}` }));
    const read = readTrivyReport(trivyScan({ name: V1, found }), undefined);
    expect(read.ok ? "taken" : read.detail).toMatch(
      /10001 vulnerabilities; 10000 are taken.*--severity HIGH,CRITICAL/,
    );
  });
});

describe("a VulnerabilityReport of Trivy Operator", () => {
  const scan = {
    replicaSet: "vcci-api-6d9bd977c9",
    container: "api",
    repository: "library/nginx",
    updatedAt: "2026-03-02T09:00:00Z",
  };
  const read = (changes: object) => {
    const object = vulnerabilityReport({ ...scan, ...changes });
    const metadata = { ...object.metadata, creationTimestamp: "2026-03-01T00:00:00Z" };
    return readReportObject({ ...object, metadata });
  };
  const imageOf = (changes: object) => {
    const object = read(changes);
    return object.ok ? object.report?.image : object.detail;
  };

  test("comes down to the same as one that is sent", () => {
    const found = [
      { id: "CVE-2026-1", published: "2026-03-01T00:00:00Z" },
      { id: "CVE-2026-2", fixed: "" },
    ];
    const object = read({ tag: "1.27", found });
    expect(object.ok && object.report).toEqual({
      source: "trivy-operator",
      origin: "VulnerabilityReport replicaset-vcci-api-6d9bd977c9-api",
      knownAt: Date.parse("2026-03-02T09:00:00Z"),
      scannedAt: Date.parse("2026-03-02T09:00:00Z"),
      image: { tags: ["docker.io/library/nginx:1.27"], manifests: [], configs: [] },
      scannedIn: { replicaSet: "vcci-api-6d9bd977c9", container: "api" },
      vulnerabilities: [
        {
          id: "CVE-2026-1",
          severity: "critical",
          package: "openssl",
          installed: "3.0.11-1",
          fixed: "3.0.14-1",
          publishedAt: Date.parse("2026-03-01T00:00:00Z"),
        },
        { id: "CVE-2026-2", severity: "critical", package: "openssl", installed: "3.0.11-1" },
      ],
    });
  });

  test("names beside a tag the image's ID, and without a tag the digest of the workload", () => {
    expect(imageOf({ tag: "1.27", digest: SHA("a") })).toEqual({
      tags: ["docker.io/library/nginx:1.27"],
      manifests: [],
      configs: [SHA("a")],
    });
    expect(imageOf({ tag: "", digest: SHA("a"), server: "ghcr.io", repository: "vcci/api" })).toEqual({
      tags: [],
      manifests: [SHA("a")],
      configs: [],
    });
  });

  test("says nothing as long as it names no image or was not filled in", () => {
    expect(read({ repository: "" })).toEqual({ ok: true });
    const metadata = { name: "new", creationTimestamp: "2026-03-01T00:00:00Z" };
    expect(readReportObject({ metadata })).toEqual({ ok: true });
  });

  test("that has null where a field is empty is read as one without the field", () => {
    const { report, ...object } = vulnerabilityReport({ ...scan, tag: "1.27" });
    const metadata = { ...object.metadata, creationTimestamp: "2026-03-01T00:00:00Z" };
    const artifact = { ...report.artifact, digest: null };
    const nulls = { ...report, artifact, updateTimestamp: null, vulnerabilities: null };
    expect(readReportObject({ ...object, metadata, report: nulls })).toMatchObject({
      ok: true,
      report: { scannedAt: Date.parse("2026-03-01T00:00:00Z"), vulnerabilities: [] },
    });
  });

  test.each([
    ["no metadata", { metadata: null }, "/metadata must be object"],
    ["a text for a report", { report: "clean" }, "/report must be object"],
    ["a text for an artifact", { report: { artifact: "nginx" } }, "/report/artifact must be object"],
    ["a number for a repository", { report: { artifact: { repository: 7 } } }, "/report/artifact/repository"],
    ["a map of vulnerabilities", { report: { vulnerabilities: {} } }, "/report/vulnerabilities must be"],
    ["an empty vulnerability", { report: { vulnerabilities: [null] } }, "/report/vulnerabilities/0 must be"],
    ["a vulnerability without an id", { report: { vulnerabilities: [{}] } }, "'vulnerabilityID'"],
    [
      "a severity that is a number",
      { report: { vulnerabilities: [{ vulnerabilityID: "CVE-2026-1", severity: 9 }] } },
      "/report/vulnerabilities/0/severity",
    ],
    [
      "a time of scanning that is no instant",
      { report: { artifact: { repository: "nginx" }, updateTimestamp: "today" } },
      "/report/updateTimestamp must be an instant",
    ],
  ])("with %s is refused with the place in it", (_, odd, place) => {
    const metadata = { name: "odd", creationTimestamp: "2026-03-01T00:00:00Z" };
    const object = readReportObject({ metadata, ...odd });
    expect(object.ok ? "read" : object.detail).toContain(place);
  });
});
