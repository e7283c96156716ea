/*
 * What a start costs when windows are large: 100 policies read a day of slots, and the day before it, at once.
 *
 *   npm run bench:priming            100 policies of 4 triggers, for: 24h, interval 15s
 *   npm run bench:priming -- 10 1    policies, triggers
 *
 * Fails when nothing else could run for more than 50 ms.
 */
import { manyPolicies } from "./policies.ts";
import { longestBlock } from "./loop-delay.ts";
import { startFleet } from "./fleet.ts";

const HOUR = 3_600_000;
const LONGEST_MS = 50;

const [policies = 100, triggers = 4] = process.argv.slice(2).map(Number);
let at = Date.UTC(2026, 2, 2, 10);
const fleet = await startFleet(
  manyPolicies(policies, { triggers, forMs: Number(process.argv[4] ?? 24) * HOUR, guardMs: 24 * HOUR }),
  () => at,
);
const primed = await longestBlock(fleet.pass);
at += 15_000;
const next = await longestBlock(fleet.pass);
await fleet.close();

console.log(`${policies} policies of ${triggers} triggers, for: 24h at 15s, all at once:`);
for (const [what, { longestMs, tookMs }] of Object.entries({ "first pass": primed, "next pass": next })) {
  console.log(
    `  ${what}: ${tookMs.toFixed(0)} ms of work in all, nothing blocked for more than ${longestMs.toFixed(1)} ms`,
  );
}
console.log(`  memory: ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB resident`);
if (Math.max(primed.longestMs, next.longestMs) > LONGEST_MS) {
  console.error(`FAILED: more than ${LONGEST_MS} ms`);
  process.exitCode = 1;
}
