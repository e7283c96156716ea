/*
 * A day of 100 policies, as fast as it goes: does memory stay what it was, and does nothing wait for long?
 *
 *   npm run bench:day             100 policies of 3 triggers, 24 hours at 15 s: 5,760 passes of each
 *   npm run bench:day -- 10 6     policies, hours
 *
 * Loop, decisions, rollbacks, log and outbox are real; Prometheus, the targets and the channels answer at once and
 * from memory. Every six hours each target gets a release; a quarter of them have a bad spell each day, a tenth an
 * hour without data. Memory is the heap after a full collection. It fails when that grows by more than a tenth
 * from the second hour to the last, or when a turn of the event loop took more than 50 ms.
 */
import { startFleet } from "./fleet.ts";
import { measureTurns } from "./longest-turn.ts";
import { manyPolicies } from "./policies.ts";

const HOUR = 3_600_000;
const INTERVAL = 15_000;
const MOST_GROWTH = 0.1;
const LONGEST_MS = 50;

const [policies = 100, hours = 24] = process.argv.slice(2).map(Number);
const start = Date.UTC(2026, 2, 2);
let at = start;
const rules = { triggers: 3, forMs: HOUR / 12, guardMs: HOUR };
const fleet = await startFleet(manyPolicies(policies, rules), {
  now: () => at,
  releasedAt: start - 12 * HOUR,
});

console.log(`${policies} policies of ${rules.triggers} triggers, ${hours} hours at 15 s`);
console.log("  hour   heap MB   records   longest turn ms   work a slot, ms");
const rows: { readonly hour: number; readonly heapMb: number; readonly longestMs: number }[] = [];
for (let hour = 1; hour <= hours; hour += 1) {
  if (hour % 6 === 3) fleet.ship(`v${hour}`);
  const { longestMs, workMs } = await measureTurns(async () => {
    for (const end = start + hour * HOUR; at < end; at += INTERVAL) await fleet.pass();
  });
  const heapMb = heapAfterCollection();
  rows.push({ hour, heapMb, longestMs });
  const cells = [
    heapMb.toFixed(1),
    fleet.records(),
    longestMs.toFixed(1),
    ((workMs * INTERVAL) / HOUR).toFixed(1),
  ];
  console.log(`  ${String(hour).padStart(4)}${cells.map((cell) => String(cell).padStart(11)).join("")}`);
}
await fleet.close();
judge();

function heapAfterCollection(): number {
  if (globalThis.gc === undefined)
    throw new Error("start it with node --expose-gc, as npm run bench:day does");
  globalThis.gc();
  return process.memoryUsage().heapUsed / 1e6;
}

function judge(): void {
  const early = rows[Math.min(1, rows.length - 1)]?.heapMb ?? 0;
  const growth = (rows.at(-1)?.heapMb ?? 0) / early - 1;
  const longest = Math.max(...rows.map(({ longestMs }) => longestMs));
  console.log(
    `heap from hour 2 to hour ${hours}: ${growth >= 0 ? "+" : ""}${(growth * 100).toFixed(1)} %; ` +
      `longest turn: ${longest.toFixed(1)} ms`,
  );
  if (growth > MOST_GROWTH) fail(`memory grew by more than ${MOST_GROWTH * 100} %`);
  if (longest > LONGEST_MS) fail(`more than ${LONGEST_MS} ms at a time`);
}

function fail(what: string): void {
  console.error(`FAILED: ${what}`);
  process.exitCode = 1;
}
