import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { createCleanups } from "../cluster/cleanups.ts";
import { createWorld, type World, type WorldOptions } from "../cluster/world.ts";
import { readLog } from "../../src/log/reader.ts";
import type { LogRecord } from "../../src/log/record.ts";
import { type Daemon, type DetailedAnswer, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { type Received, startPagerDutyReceiver, startSlackReceiver } from "../support/receivers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type PolicyOptions, shortened } from "./policy.ts";

/** What is waited for happens in seconds; a machine that does much else gets more. */
export const PATIENCE = { withinMs: 90_000 } as const;

/** Of one test. It takes about half a minute. */
export const TIMEOUT_MS = 360_000;

export const ROUTING_KEY = "R0UTINGKEYFORTESTS0123456789ABCD";

export interface StageOptions extends WorldOptions {
  readonly forSeconds?: number;
  /** Keys of the policy that are set or replaced. */
  readonly override?: PolicyOptions["override"];
}

/** One event that PagerDuty took. */
export interface Page {
  readonly action: string;
  readonly key: string;
  readonly summary: string;
}

/** A page as it is expected. */
type PageLike = Partial<Page>;

type Of<Type extends LogRecord["type"]> = LogRecord & { readonly type: Type };

/** A world with a release, rollbackd that watches it, and those whom it tells. */
export interface Stage {
  readonly world: World;
  readonly dataDir: string;
  /** Starts rollbackd, again after it ended: on the same data. Returns when it answers. */
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<Daemon>;
  /** The decision log as it is now. */
  readonly records: () => Promise<readonly LogRecord[]>;
  /** All records of a type, so far. */
  readonly all: <Type extends LogRecord["type"]>(type: Type) => Promise<readonly Of<Type>[]>;
  /** Waits for a record of the type and gives the first. */
  readonly first: <Type extends LogRecord["type"]>(
    type: Type,
    matches?: (record: Of<Type>) => boolean,
  ) => Promise<Of<Type>>;
  /** What PagerDuty took, in order. */
  readonly pages: () => readonly Page[];
  /** Waits until PagerDuty took these events. One that a kill between send and record sent twice counts once. */
  readonly paged: (expected: readonly PageLike[]) => Promise<void>;
  /** Headlines of what Slack took, in order. */
  readonly slackTitles: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** Returns when the first revision is rolled out and rollbackd has not been started yet. */
export async function createStage(options: StageOptions): Promise<Stage> {
  const cleanups = createCleanups();
  try {
    const folder = temporaryFolder();
    cleanups.add(folder.remove);
    const slack = await startSlackReceiver();
    cleanups.add(slack.close);
    const pagerduty = await startPagerDutyReceiver();
    cleanups.add(pagerduty.close);
    const world = await createWorld(options);
    cleanups.add(world.stop);
    await world.rolledOut(60);
    const rules = join(folder.path, "rules");
    mkdirSync(rules);
    writeFileSync(
      join(rules, "vcci-api.yaml"),
      shortened({ namespace: world.namespace, serviceUrl: world.service.url, ...options }),
    );
    const dataDir = join(folder.path, "data");
    const records = () => recordsOf(dataDir);
    return {
      world,
      dataDir,
      records,
      start: async (env = {}) => {
        const daemon = await startDaemon({
          ROLLBACKD_RULES: rules,
          ROLLBACKD_DATA_DIR: dataDir,
          ROLLBACKD_PROMETHEUS_URL: world.prometheus.url,
          ROLLBACKD_SLACK_WEBHOOK_URL: slack.url,
          ROLLBACKD_PAGERDUTY_URL: pagerduty.url,
          ROLLBACKD_PAGERDUTY_ROUTING_KEY: ROUTING_KEY,
          KUBECONFIG: options.kubeconfig,
          ...env,
        });
        cleanups.add(daemon.kill);
        return daemon;
      },
      all: async (type) => (await records()).filter((record) => isOf(record, type)),
      first: (type, matches = () => true) =>
        eventually(`${type} is in the log`, async () => firstOf(await records(), type, matches), PATIENCE),
      pages: () => pagerduty.accepted.map(pageOf),
      paged: (expected) =>
        eventually(
          `${expected.length} events at PagerDuty`,
          () => expect(distinct(pagerduty.accepted.map(pageOf))).toMatchObject(expected),
          PATIENCE,
        ),
      slackTitles: () => slack.accepted.map(titleOf),
      stop: cleanups.run,
    };
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}

async function recordsOf(dataDir: string): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const record of readLog(join(dataDir, "decisions"))) records.push(record);
  return records;
}

function isOf<Type extends LogRecord["type"]>(record: LogRecord, type: Type): record is Of<Type> {
  return record.type === type;
}

function firstOf<Type extends LogRecord["type"]>(
  records: readonly LogRecord[],
  type: Type,
  matches: (record: Of<Type>) => boolean,
): Of<Type> {
  const found = records.filter((record) => isOf(record, type)).find(matches);
  if (found !== undefined) return found;
  throw new Error(
    `the log ends with:\n${records
      .slice(-8)
      .map((record) => JSON.stringify(record))
      .join("\n")}`,
  );
}

function pageOf({ body }: Received): Page {
  const event = body as { event_action: string; dedup_key: string; payload: { summary: string } };
  return { action: event.event_action, key: event.dedup_key, summary: event.payload.summary };
}

function distinct(pages: readonly Page[]): readonly Page[] {
  return [...new Map(pages.map((page) => [JSON.stringify(page), page])).values()];
}

function titleOf({ body }: Received): string {
  const { blocks } = body as { blocks: readonly { readonly text?: { readonly text: string } }[] };
  return blocks[0]?.text?.text ?? "";
}

/** Waits until every trigger named is in the state, as of now; all triggers when none is named. */
export function inState(daemon: Daemon, state: string, ...triggers: readonly string[]): Promise<void> {
  return eventually(
    `${triggers.join(", ") || "every trigger"} is ${state}`,
    async () => {
      const seen = triggersOf(await daemon.detailed()).filter(
        ({ trigger }) => triggers.length === 0 || triggers.includes(trigger),
      );
      const others = seen.filter((trigger) => trigger.state !== state);
      if (seen.length === 0 || others.length > 0)
        throw new Error(JSON.stringify(others.map(({ reason }) => reason)));
    },
    PATIENCE,
  );
}

function triggersOf({ policies }: DetailedAnswer): DetailedAnswer["policies"][number]["triggers"] {
  return policies.flatMap(({ triggers }) => triggers);
}

/** Waits until users reach Pods of this image and of no other. */
export function usersGet({ world }: Stage, image: string): Promise<void> {
  return eventually(`users get ${image}`, () => expect(world.servedImages()).toEqual([image]), PATIENCE);
}

/**
 * Waits until all is well and has been for a slot, so that the state before the next release is known. The
 * cluster tells the start of a release by the second: the slot of that very second belongs to it already.
 */
export async function settled(daemon: Daemon): Promise<void> {
  await inState(daemon, "inactive");
  await evaluatedFor(daemon, 2);
}

/** Waits until so much time of the policy has been evaluated from now on: nothing can be late that has not happened by then. */
export async function evaluatedFor(daemon: Daemon, seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1_000;
  await eventually(
    `${seconds} s more are evaluated`,
    async () => {
      const [policy] = (await daemon.detailed()).policies;
      if (!(Date.parse(policy?.evaluatedAt ?? "") >= until))
        throw new Error(`evaluated to ${policy?.evaluatedAt}`);
    },
    { ...PATIENCE, everyMs: 200 },
  );
}
