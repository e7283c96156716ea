import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openPostedReports, type PostedReportsLimits } from "../../src/daemon/posted-reports.ts";
import type { ImageReport } from "../../src/signals/image-report.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { imageReport } from "../support/vulnerabilities.ts";

let folder: string;
const warnings: unknown[] = [];
beforeEach(() => {
  const temporary = temporaryFolder();
  onTestFinished(temporary.remove);
  folder = join(temporary.path, "data", "vulnerabilities");
  warnings.length = 0;
});

const open = (limits?: PostedReportsLimits) =>
  openPostedReports(folder, { warn: (...told: unknown[]) => void warnings.push(told) }, limits);
const posted = (version: string, knownAt: number, ...ids: readonly string[]): ImageReport =>
  imageReport([`docker.io/library/api:${version}`], ids, { source: "posted", knownAt });
const ids = (reports: readonly ImageReport[]) => reports.map(({ knownAt }) => knownAt);

describe("reports that were sent", () => {
  it("survive a restart", async () => {
    const first = await open();
    const [one, two] = [posted("v1", 1, "CVE-1"), posted("v2", 2)];
    await Promise.all([first.add(one), first.add(two)]);
    expect(first.all()).toEqual([one, two]);
    expect((await open()).all()).toEqual([one, two]);
  });

  it("make way for newer ones about the same image", async () => {
    const reports = await open();
    await reports.add(posted("v1", 1, "CVE-1"));
    await reports.add(posted("v1", 2));
    expect(ids(reports.all())).toEqual([2]);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("keep the newer scan when an older one is sent after it", async () => {
    const reports = await open();
    const [today, old] = [posted("v1", 20, "CVE-1"), { ...posted("v1", 30), scannedAt: 10 }];
    expect(await reports.add(today)).toBeUndefined();
    expect(await reports.add(old)).toEqual(today);
    expect(reports.all()).toEqual([today]);
    expect((await open()).all()).toEqual([today]);
  });

  it("keep one scan for each platform of an image", async () => {
    const reports = await open();
    const [any, amd, arm] = [
      posted("v1", 1),
      { ...posted("v1", 2, "CVE-1"), platform: "linux/amd64" },
      { ...posted("v1", 3), platform: "linux/arm64" },
    ];
    for (const report of [any, amd, arm]) await reports.add(report);
    expect(reports.all()).toEqual([amd, arm]);
    expect((await open()).all()).toEqual([amd, arm]);
  });

  it("are the newest so many, and the newest so much, also after a restart", async () => {
    const few = await open({ reports: 2, bytes: 1_000_000 });
    for (const at of [1, 2, 3]) await few.add(posted(`v${at}`, at));
    expect(ids(few.all())).toEqual([2, 3]);
    expect(ids((await open()).all())).toEqual([2, 3]);
    const little = await open({ reports: 500, bytes: 1 });
    await little.add(posted("v4", 4));
    expect(ids(little.all())).toEqual([4]);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("do not count when they are damaged or half written, which is told", async () => {
    const reports = await open();
    await reports.add(posted("v1", 1));
    writeFileSync(join(folder, "torn.json"), '{"source":"posted","vulnerab');
    writeFileSync(join(folder, "other.json"), '{"source":"posted"}');
    writeFileSync(join(folder, "half.json.unfinished"), "{");
    expect(ids((await open()).all())).toEqual([1]);
    expect(warnings).toHaveLength(2);
  });

  it("do not count when they cannot be kept, and the next one is taken again", async () => {
    const reports = await open();
    const unwritable = { ...posted("v1", 1), vulnerabilities: [1n] } as unknown as ImageReport;
    await expect(reports.add(unwritable)).rejects.toThrow(TypeError);
    await reports.add(posted("v2", 2));
    expect(ids(reports.all())).toEqual([2]);
  });
});
