import { describe, expect, test } from "vitest";
import { findingsOf, identityOf, isSameImage } from "../../src/signals/image-report.ts";
import { imageReport, SHA } from "../support/vulnerabilities.ts";

const [A, B] = [SHA("a"), SHA("b")];
const V1 = "ghcr.io/vcci/api:v1";
const used = (name: string, ...pulled: readonly string[]) => ({ name, pulled });
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

  test("of several reports of one source the newest counts, whichever ReplicaSet it was made for", () => {
    const reports = [
      imageReport([V1], ["CVE-1"], { knownAt: 20, origin: "of the running ReplicaSet" }),
      imageReport([V1], ["CVE-1", "CVE-2"], { knownAt: 30, origin: "of another ReplicaSet" }),
      imageReport([V1], [], { knownAt: 10, origin: "an old one" }),
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
});
