import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { GENESIS, seal } from "../src/log/chain.ts";
import { fileName } from "../src/log/files.ts";
import type { RecordBody } from "../src/log/record.ts";

const MAX_FILE_BYTES = 64 * 1024 * 1024;
const START = Date.UTC(2026, 0, 1);
const EVERY_MS = 20_000;
/** One in so many records is a decision, with what came of it after it. */
const DECISION_EVERY = 500;
const POLICIES = 100;

/** The decision made at or before record `seq`. */
export function decisionIdAt(seq: number): string {
  return `d-${Math.floor(seq / DECISION_EVERY) * DECISION_EVERY}`;
}

/** The log of a busy year, as the writer would have written it without its flushes. Returns its size in bytes. */
export function writeLongLog(folder: string, count: number): number {
  mkdirSync(folder, { recursive: true });
  let head = GENESIS;
  let file = -1;
  let room = 0;
  let total = 0;
  for (let seq = 1; seq <= count; seq += 1) {
    const at = START + seq * EVERY_MS;
    const line = Buffer.from(`${seal(bodyOf(seq, at), head, at)}\n`);
    head = { seq, hash: line.toString("latin1", line.length - 67, line.length - 3) };
    if (room < line.length) {
      if (file >= 0) closeSync(file);
      file = openSync(join(folder, fileName(at, seq)), "w");
      room = MAX_FILE_BYTES;
    }
    room -= writeSync(file, line);
    total += line.length;
  }
  closeSync(file);
  return total;
}

function bodyOf(seq: number, at: number): RecordBody {
  const place = seq % DECISION_EVERY;
  const index = (place < 6 ? Math.floor(seq / DECISION_EVERY) : seq) % POLICIES;
  const policy = `policy-${index}`;
  const target = `production/service-${index}`;
  const of = {
    policy,
    target,
    release: `${target}@${Math.floor(seq / 10_000)}`,
    decisionId: decisionIdAt(seq),
  };
  const revision = { revision: "12", digest: "a".repeat(64) };
  const told = {
    policy,
    decisionId: of.decisionId,
    notificationId: `${seq}-slack`,
    channel: "slack",
  } as const;
  switch (place) {
    case 0:
      return decision(of, at);
    case 1:
      return { type: "notification.queued", ...told, event: "trigger", dedupKey: of.release, cause: seq - 1 };
    case 2:
      return {
        type: "rollback.started",
        ...of,
        strategy: "deployment",
        uid: "u",
        trigger: "error-rate",
        from: revision,
        to: revision,
      };
    case 3:
      return { type: "rollback.applied", ...of, detail: "production/service runs 11 again" };
    case 4:
      return { type: "notification.delivered", ...told, notificationId: `${seq - 3}-slack`, attempts: 1 };
    case 5:
      return { type: "rollback.verified", ...of, detail: "every check passed", steps: ["rollout complete"] };
    default:
      return {
        type: seq % 2 === 0 ? "trigger.pending" : "trigger.resolved",
        policy,
        release: of.release,
        trigger: "error-rate",
        from: seq % 2 === 0 ? "inactive" : "pending",
        reason: "error-rate 0.061 > 5%, 1 of 21 slots, fires at 2026-03-01 10:05:15Z if it lasts",
        value: 0.061,
        slot: new Date(at).toISOString(),
      };
  }
}

function decision(
  {
    policy,
    target,
    release,
    decisionId,
  }: Readonly<Record<"policy" | "target" | "release" | "decisionId", string>>,
  at: number,
): RecordBody {
  return {
    type: "decision.made",
    policy,
    target,
    release,
    decisionId,
    decision: "rollback",
    reason: "rollback",
    otherReasons: [],
    trigger: "error-rate",
    summary:
      "error-rate 0.112 > 5% for 5m, 21 of 21 slots. Rolling back; then it is verified that this helped.",
    evidence: [
      {
        trigger: "error-rate",
        query: 'sum(rate(http_requests_total{status=~"5.."}[1m])) / sum(rate(http_requests_total[1m]))',
        threshold: "above 5%",
        limit: 0.05,
        forMs: 300_000,
        samples: Array.from({ length: 21 }, (_, index) => ({ at: at - (20 - index) * 15_000, value: 0.112 })),
        endpoint: "http://prometheus:9090",
        rulesHash: "b".repeat(64),
        summary: "error-rate 0.112 > 5% for 5m, 21 of 21 slots",
      },
    ],
  };
}
