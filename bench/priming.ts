/*
 * What a start costs: all policies read their past at once, and meanwhile nothing else must wait for long.
 *
 *   npm run bench:priming                  the scenarios below, each in three processes of its own; the best counts
 *   npm run bench:priming -- 10 1 24 12    policies, triggers of each, hours of `for`, hours since the release; once
 *
 * Fails when a turn of the event loop took more than 50 ms.
 */
import { execFileSync } from "node:child_process";
import { measureTurns, type Turns } from "./longest-turn.ts";
import { manyPolicies } from "./policies.ts";
import { startFleet } from "./fleet.ts";

const HOUR = 3_600_000;
const INTERVAL = 15_000;
const LONGEST_MS = 50;
const RUNS = 3;

const SCENARIOS = [
  { name: "100 policies of 1 trigger, for: 24h at 15s", args: [100, 1, 24, 12] },
  {
    name: "100 policies of 4 triggers, for: 5m at 15s, guard: 24h, release 23h ago",
    args: [100, 4, 1 / 12, 23],
  },
];

const args = process.argv.slice(2).map(Number);
if (args.length > 0) console.log(JSON.stringify(await measure(args)));
else compare();

interface Start {
  readonly first: Turns;
  readonly next: Turns;
  readonly residentMb: number;
}

async function measure(given: readonly number[]): Promise<Start> {
  const [policies = 100, triggers = 1, forHours = 24, hoursSince = 12] = given;
  let at = Date.UTC(2026, 2, 2, 10);
  const rules = { triggers, forMs: forHours * HOUR, guardMs: 24 * HOUR };
  const world = { now: () => at, releasedAt: at - hoursSince * HOUR };
  const fleet = await startFleet(manyPolicies(policies, rules), world);
  const first = await measureTurns(fleet.pass);
  at += INTERVAL;
  const next = await measureTurns(fleet.pass);
  await fleet.close();
  return { first, next, residentMb: process.memoryUsage().rss / 1e6 };
}

function compare(): void {
  for (const { name, args } of SCENARIOS) {
    const runs = Array.from({ length: RUNS }, () => {
      const out = execFileSync(process.execPath, [import.meta.filename, ...args.map(String)], {
        encoding: "utf8",
      });
      return JSON.parse(out) as Start;
    });
    const best = runs.toSorted((a, b) => a.first.longestMs - b.first.longestMs).at(0);
    if (best === undefined) continue;
    console.log(`${name}, best of ${RUNS}:`);
    console.log(`  first pass  ${said(best.first)}`);
    console.log(`  next pass   ${said(best.next)}`);
    console.log(`  memory      ${best.residentMb.toFixed(0)} MB resident`);
    if (Math.max(best.first.longestMs, best.next.longestMs) > LONGEST_MS) {
      console.error(`FAILED: more than ${LONGEST_MS} ms at a time`);
      process.exitCode = 1;
    }
  }
}

function said({ workMs, longestMs }: Turns): string {
  return `${workMs.toFixed(0)} ms of work, at most ${longestMs.toFixed(1)} ms at a time`;
}
