import { describe, expect, test } from "vitest";
import { findingsOf, identityOf, isSameImage } from "../../src/signals/image-report.ts";
import { imageReport, SHA } from "../support/vulnerabilities.ts";

const [A, B] = [SHA("a"), SHA("b")];
const V1 = "ghcr.io/vcci/api:v1";
const IN_API = { replicaSet: "api-1", container: "api", since: 0 };
const used = (name: string, ...pulled: readonly string[]) => ({ name, pulled, runsIn: [IN_API] });
const about = (changes: Partial<{ tags: string[]; manifests: string[]; configs: string[] }>) => ({
  tags: [],
  manifests: [],
  configs: [],
  ...changes,
});

describe("an image that runs is one that was scanned", () => {
  const cases: readonly (readonly [
    string,
    Parameters<typeof identityOf>[0],
    ReturnType<typeof about>,
    boolean,
  ])[] = [
    ["by its tag", used(V1), about({ tags: [V1] }), true],
    [
      "by its tag, written otherwise",
      used("nginx"),
      about({ tags: ["docker.io/library/nginx:latest"] }),
      true,
    ],
    ["not by another tag", used(V1), about({ tags: ["ghcr.io/vcci/api:v2"] }), false],
    ["by the digest that its template names", used(`ghcr.io/vcci/api@${A}`), about({ manifests: [A] }), true],
    ["by the digest that a pod pulled", used(V1, `ghcr.io/vcci/api@${A}`), about({ manifests: [A] }), true],
    [
      "in whatever repository that digest lies",
      used(V1, `mirror.local/api@${A}`),
      about({ manifests: [A] }),
      true,
    ],
    [
      "not by a tag that has moved since",
      used(V1, `ghcr.io/vcci/api@${A}`),
      about({ tags: [V1], manifests: [B] }),
      false,
    ],
    [
      "by its tag where only one side knows a digest",
      used(V1, `ghcr.io/vcci/api@${A}`),
      about({ tags: [V1], configs: [B] }),
      true,
    ],
    [
      "by the image ID of a runtime that tells no other",
      used(V1, `docker://${B}`),
      about({ configs: [B] }),
      true,
    ],
    ["not where only digests are known, and of two kinds", used(`api@${A}`), about({ configs: [B] }), false],
    ["not where nothing names it", used("not an image"), about({ tags: [V1] }), false],
  ];
  test.each(cases)("%s", (_, image, scanned, expected) => {
    expect(isSameImage(identityOf(image), scanned)).toBe(expected);
    expect(isSameImage(scanned, identityOf(image))).toBe(expected);
  });
});

describe("what is known of images", () => {
  test("each has its own: a sidecar is not the API", () => {
    const reports = [imageReport([V1], ["CVE-1"]), imageReport(["docker.io/library/envoy:v1"], ["CVE-2"])];
    const found = findingsOf([used(V1), used("envoy:v1"), used("busybox")], reports);
    expect(found.map(({ image, vulnerabilities }) => [image, vulnerabilities.map(({ id }) => id)])).toEqual([
      [V1, ["CVE-1"]],
      ["envoy:v1", ["CVE-2"]],
      ["busybox", []],
    ]);
  });

  test("of several reports of one source the newest scan counts, whichever was received last", () => {
    const reports = [
      imageReport([V1], ["CVE-1"], { scannedAt: 20, knownAt: 20, origin: "of the running ReplicaSet" }),
      imageReport([V1], ["CVE-1", "CVE-2"], { scannedAt: 30, knownAt: 30, origin: "of another ReplicaSet" }),
      imageReport([V1], [], { scannedAt: 10, knownAt: 90, origin: "an old scan that was sent today" }),
    ];
    const [found] = findingsOf([used(V1)], reports);
    expect(found?.reports.map(({ origin }) => origin)).toEqual(["of another ReplicaSet"]);
    expect(found?.vulnerabilities.map(({ id }) => id)).toEqual(["CVE-1", "CVE-2"]);
  });

  test("what different sources say adds up, each vulnerability once a package", () => {
    const reports = [
      imageReport([V1], ["CVE-1", { id: "CVE-1", package: "libssl3" }]),
      imageReport([V1], ["CVE-1", "CVE-2"], { source: "posted" }),
    ];
    const [found] = findingsOf([used(V1)], reports);
    expect(found?.vulnerabilities.map((each) => `${each.id} ${each.package}`)).toEqual([
      "CVE-1 openssl",
      "CVE-1 libssl3",
      "CVE-2 openssl",
    ]);
  });

  test("the worst severity counts where two sources disagree, in either order", () => {
    const operator = imageReport([V1], [{ id: "CVE-1", severity: "critical" }]);
    const posted = imageReport([V1], [{ id: "CVE-1", severity: "medium" }], {
      source: "posted",
      scannedAt: 9,
    });
    for (const reports of [
      [operator, posted],
      [posted, operator],
    ]) {
      const [found] = findingsOf([used(V1)], reports);
      expect(found?.vulnerabilities).toMatchObject([{ id: "CVE-1", severity: "critical" }]);
      expect(found?.reports).toHaveLength(2);
    }
  });

  test("a clean scan of one platform of an index does not hide what another platform has", () => {
    const common = { source: "posted", image: about({ manifests: [A] }) } as const;
    const reports = [
      imageReport([], ["CVE-1"], { ...common, platform: "linux/amd64", scannedAt: 1 }),
      imageReport([], [], { ...common, platform: "linux/arm64", scannedAt: 2 }),
    ];
    const [found] = findingsOf([used(`ghcr.io/vcci/api@${A}`)], reports);
    expect(found?.vulnerabilities.map(({ id }) => id)).toEqual(["CVE-1"]);
    expect(found?.reports.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64"]);
  });
});

describe("a report that names an image by its tag alone", () => {
  const RELEASED = 1_000;
  const running = (...pulled: readonly string[]) => ({
    name: V1,
    pulled,
    runsIn: [{ replicaSet: "api-7", container: "api", since: RELEASED }],
  });
  const scannedAt = (at: number, more: object = {}) =>
    imageReport([V1], ["CVE-1"], { scannedAt: at, knownAt: 5_000, ...more });

  test.each([
    ["counts when the scan is as new as the release", running(), scannedAt(RELEASED), true],
    ["does not count when the scan is older than the release", running(), scannedAt(RELEASED - 1), false],
    [
      "counts when it names the ReplicaSet and the container",
      running(),
      scannedAt(1, { scannedIn: { replicaSet: "api-7", container: "api" } }),
      true,
    ],
    [
      "does not count when it names another container of the ReplicaSet",
      running(),
      scannedAt(1, { scannedIn: { replicaSet: "api-7", container: "proxy" } }),
      false,
    ],
    [
      "does not count when it names an earlier ReplicaSet",
      running(),
      scannedAt(1, { scannedIn: { replicaSet: "api-6", container: "api" } }),
      false,
    ],
    [
      "does not count when it is not known since when the tag runs",
      { name: V1, pulled: [], runsIn: [] },
      scannedAt(9_000),
      false,
    ],
    [
      "counts, however old, when a pod pulled the digest that it names too",
      running(`ghcr.io/vcci/api@${A}`),
      scannedAt(1, { image: about({ tags: [V1], manifests: [A] }) }),
      true,
    ],
  ])("%s", (_, image, report, expected) => {
    const [found] = findingsOf([image], [report]);
    expect(found?.reports).toEqual(expected ? [report] : []);
    expect(found?.doubtful).toHaveLength(expected ? 0 : 1);
  });

  test("says why it does not count", () => {
    const [found] = findingsOf([running()], [scannedAt(0, { origin: "sent by token:ci" })]);
    expect(found?.doubtful).toEqual([
      "sent by token:ci is a scan of 1970-01-01 00:00:00Z that names ghcr.io/vcci/api:v1 by its tag, " +
        "but the tag may have moved before it was released at 1970-01-01 00:00:01Z",
    ]);
  });
});
