import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { Ajv } from "ajv";
import { Type } from "typebox";
import { syncFolder } from "../log/files.ts";
import { VULNERABILITY_SEVERITIES } from "../rules/policy.ts";
import { type ImageReport, isNewer } from "../signals/image-report.ts";

/** Reports that somebody sent, as files that survive a restart. */
export interface PostedReports {
  readonly all: () => readonly ImageReport[];
  /**
   * Takes the place of an older scan of the same image and platform. Where a newer one is kept, that stays and is
   * returned. Rejects when it cannot be kept, and then does not count.
   */
  readonly add: (report: ImageReport) => Promise<ImageReport | undefined>;
}

export interface PostedReportsLimits {
  readonly reports: number;
  /** Of all files together. */
  readonly bytes: number;
}

/** A few hundred images, and some tens of megabytes in memory. */
const LIMITS: PostedReportsLimits = { reports: 500, bytes: 32 * 1024 * 1024 };

const texts = Type.Array(Type.String());
const STORED = Type.Object({
  source: Type.Literal("posted"),
  origin: Type.String(),
  knownAt: Type.Number(),
  scannedAt: Type.Number(),
  image: Type.Object({ tags: texts, manifests: texts, configs: texts }),
  platform: Type.Optional(Type.String()),
  vulnerabilities: Type.Array(
    Type.Object({
      id: Type.String(),
      severity: Type.Enum([...VULNERABILITY_SEVERITIES]),
      package: Type.String(),
      installed: Type.String(),
      fixed: Type.Optional(Type.String()),
      publishedAt: Type.Optional(Type.Number()),
    }),
  ),
});

const isStored = new Ajv().compile<ImageReport>(STORED);

interface Stored {
  readonly report: ImageReport;
  readonly bytes: number;
}

/** The oldest make way for new ones beyond the limits. Rejects when the folder cannot be made or read. */
export async function openPostedReports(
  folder: string,
  logger: Pick<Logger, "warn">,
  limits: PostedReportsLimits = LIMITS,
): Promise<PostedReports> {
  await mkdir(folder, { recursive: true });
  const stored = await readStored(folder, logger);
  let turn: Promise<unknown> = Promise.resolve();

  const addInTurn = async (report: ImageReport): Promise<ImageReport | undefined> => {
    const name = fileName(report);
    const kept = stored.get(name)?.report;
    if (kept !== undefined && isNewer(kept, report)) return kept;
    const text = JSON.stringify(report);
    await write(folder, name, text);
    // A version that did not know platforms kept one report an image.
    const { platform: _, ...anyPlatform } = report;
    const older = fileName(anyPlatform);
    if (older !== name && stored.delete(older)) await rm(join(folder, older), { force: true });
    stored.delete(name);
    stored.set(name, { report, bytes: Buffer.byteLength(text) });
    for (const old of beyond(stored, limits)) {
      stored.delete(old);
      await rm(join(folder, old), { force: true });
    }
    return undefined;
  };
  return {
    all: () => [...stored.values()].map(({ report }) => report),
    add: (report) => {
      const added = turn.then(() => addInTurn(report));
      turn = added.catch(() => undefined);
      return added;
    },
  };
}

/** The same for reports about the same image and platform, so that a later scan takes its place. */
function fileName({ image, platform }: ImageReport): string {
  const about = JSON.stringify(platform === undefined ? image : { ...image, platform });
  return `${createHash("sha256").update(about).digest("hex")}.json`;
}

/** All of it or nothing, also when the power goes. */
async function write(folder: string, name: string, text: string): Promise<void> {
  const unfinished = join(folder, `${name}.unfinished`);
  const file = await open(unfinished, "w");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, join(folder, name));
  await syncFolder(folder);
}

/** Oldest first. */
async function readStored(folder: string, logger: Pick<Logger, "warn">): Promise<Map<string, Stored>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  const found: (readonly [string, Stored])[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, name), "utf8");
    const report = reportIn(text);
    if (report !== undefined) found.push([name, { report, bytes: Buffer.byteLength(text) }]);
    else
      logger.warn(
        { file: join(folder, name) },
        "a stored report cannot be read and does not count; send it again",
      );
  }
  return new Map(found.toSorted(([, a], [, b]) => a.report.knownAt - b.report.knownAt));
}

function reportIn(text: string): ImageReport | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isStored(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The oldest that are too many. */
function beyond(stored: ReadonlyMap<string, Stored>, limits: PostedReportsLimits): readonly string[] {
  let bytes = 0;
  let reports = 0;
  return [...stored]
    .toReversed()
    .filter(([, each]) => {
      bytes += each.bytes;
      reports += 1;
      return reports > 1 && (bytes > limits.bytes || reports > limits.reports);
    })
    .map(([name]) => name);
}
