import { byDecision, readLog, readNewest } from "../log/reader.ts";
import type { LogRecord } from "../log/record.ts";
import type { Incident } from "./incident.ts";
import { createQuiet } from "./quiet.ts";

const HOUR_MS = 3_600_000;
/** A release that is older began too long ago to be told of from its beginning. */
const LOOKBACK_MS = 7 * 24 * HOUR_MS;
/** How long before its window an incident is told of where its release is not in the log. */
const LEAD_MS = HOUR_MS / 4;
/** An incident that goes on for longer is told of so far. */
const LOOKAHEAD_MS = 24 * HOUR_MS;

/** Reads what belongs to one decision; undefined when the log does not know it. */
export async function gatherIncident(folder: string, decisionId: string): Promise<Incident | undefined> {
  const own = await byDecision(folder, decisionId);
  const decision = own.find((record) => record.type === "decision.made");
  if (decision === undefined) return undefined;
  const around: LogRecord[] = [];
  const last = own.at(-1)?.seq ?? decision.seq;
  const quiet = createQuiet();
  const since = await beginning(folder, decision);
  const until = Date.parse(decision.at) + LOOKAHEAD_MS;
  for await (const record of readLog(folder, { sinceSeq: since, to: until })) {
    if (record.seq > last && quiet.isQuiet()) break;
    if (!concerns(record, decision.policy)) continue;
    quiet.take(record);
    around.push(record);
  }
  // What came a day later and more is its own all the same, such as a message that could not be delivered.
  const seen = around.at(-1)?.seq ?? 0;
  return { decision, own, around: [...around, ...own.filter(({ seq }) => seq > seen)] };
}

/** The number of the record with which the telling begins: the release's own, else what came shortly before the window. */
async function beginning(folder: string, decision: Incident["decision"]): Promise<number> {
  const { policy, release, seq } = decision;
  const at = Date.parse(decision.at);
  const measured = decision.evidence.flatMap(({ samples }) => samples.slice(0, 1).map((first) => first.at));
  const lead = Math.min(at, ...measured) - LEAD_MS;
  let first = seq;
  for await (const record of readNewest(folder, { policy, beforeSeq: seq, from: at - LOOKBACK_MS })) {
    if (record.type === "release.observed" && record.release === release) return record.seq;
    if (Date.parse(record.at) >= lead) first = record.seq;
  }
  return first;
}

/** That rollbackd itself stopped and started says why nothing was done meanwhile. */
function concerns(record: LogRecord, policy: string): boolean {
  return record.type.startsWith("daemon.") || ("policy" in record && record.policy === policy);
}
