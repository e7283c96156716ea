import { expect, it } from "vitest";
import type { CheckpointRecord, LogRecord } from "../../src/log/record.ts";
import type { Check, Checkpoint } from "../../src/rules/policy.ts";
import { clock, HOUR, INTERVAL, MINUTE, policy, SECOND, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, ofType, startDaemon, type World } from "./world.ts";

const BELOW = { is: "below", value: 0.05, text: "5%" } as const;

function metric(name: string, expr: string): Check {
  return { kind: "metric", name, query: { kind: "expr", expr }, must: BELOW, versus: undefined };
}

const CHECKS = [metric("errors", "share:1h"), metric("slow", "slow:1h")];
const at = (name: string, atMs: number): Checkpoint => ({ at: name, atMs, checks: CHECKS });

/** Slots a minute apart, so that hours are short. */
const followed = policy({
  intervalMs: MINUTE,
  checkpoints: [at("1h", HOUR), at("4h", 4 * HOUR)],
});

/** v2 is shipped at ten and is well, until a test says otherwise; the daemon has run since nine. */
async function released(rules = followed): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  const well = breaching(Number.POSITIVE_INFINITY);
  for (const expr of ["errors:ratio", "share:1h", "slow:1h"]) world.prometheus.put(expr, well);
  const daemon = startDaemon(world, rules);
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.pass();
  world.target.ship("v2", TEN);
  return { world, daemon };
}

function made(world: World): readonly (LogRecord & CheckpointRecord)[] {
  return world.log.records.filter(
    (record): record is LogRecord & CheckpointRecord =>
      record.type === "checkpoint.passed" || record.type === "checkpoint.failed",
  );
}

/** Each report in a line: "passed 1h errors=pass slow=pass". */
function reports(world: World): readonly string[] {
  return made(world).map(({ type, checkpoint, checks, late }) =>
    [
      type.slice("checkpoint.".length),
      checkpoint,
      ...checks.map(({ name, result }) => `${name}=${result}`),
      ...(late === true ? ["late"] : []),
    ].join(" "),
  );
}

it("an hour after its launch a release that is well passes, once", async () => {
  const { world, daemon } = await released();
  await daemon.passUntil(clock("10:59:00"));
  expect(reports(world)).toEqual([]);
  await daemon.passUntil(clock("11:30:00"));
  expect(reports(world)).toEqual(["passed 1h errors=pass slow=pass"]);
  expect(made(world)[0]).toMatchObject({
    policy: "vcci-api",
    release: "vcci-production/vcci-api@2",
    afterMs: HOUR,
    dueAt: "2026-03-02T11:00:00.000Z",
    last: false,
  });
  await daemon.passUntil(clock("14:00:00"));
  expect(made(world)[1]).toMatchObject({ checkpoint: "4h", last: true });
});

it("one check that does not hold fails the checkpoint, and rolls nothing back", async () => {
  const { world, daemon } = await released();
  world.prometheus.put("slow:1h", breaching(clock("10:30:00")));
  await daemon.passUntil(clock("11:05:00"));
  expect(reports(world)).toEqual(["failed 1h errors=pass slow=fail"]);
  expect(world.target.acts()).toBe(0);
  expect(ofType(world, "decision.made")).toEqual([]);
});

it("what Prometheus does not know has not passed", async () => {
  const { world, daemon } = await released();
  world.prometheus.put("slow:1h", (time) => ({ at: time, unknown: "no-data" }));
  await daemon.passUntil(clock("11:00:00"));
  expect(reports(world)).toEqual(["failed 1h errors=pass slow=unknown"]);
});

it("no answer is asked for again for five minutes, and what is measured is that of its time", async () => {
  const { world, daemon } = await released();
  await daemon.passUntil(clock("10:59:00"));
  world.prometheus.down = "all";
  await daemon.passUntil(clock("11:04:00"));
  expect(reports(world)).toEqual([]);
  // By now it is bad; at eleven it was not.
  world.prometheus.put("slow:1h", breaching(clock("11:03:00")));
  world.prometheus.down = "none";
  await daemon.passUntil(clock("11:05:00"));
  expect(reports(world)).toEqual(["passed 1h errors=pass slow=pass late"]);
});

it("no answer for longer than that is told as unknown", async () => {
  const { world, daemon } = await released();
  await daemon.passUntil(clock("10:59:00"));
  world.prometheus.down = "all";
  await daemon.passUntil(clock("11:06:00"));
  expect(reports(world)).toEqual(["failed 1h errors=unknown slow=unknown late"]);
});

it("a daemon that was away at the time of a checkpoint makes it late, and says how late", async () => {
  const { world, daemon } = await released();
  await daemon.passUntil(clock("11:30:00"));
  world.prometheus.put("slow:1h", breaching(clock("14:10:00")));
  world.at = clock("15:00:00");
  const next = startDaemon(world, followed);
  await next.load();
  await next.pass();
  expect(reports(world)).toEqual(["passed 1h errors=pass slow=pass", "passed 4h errors=pass slow=pass late"]);
  expect(made(world)[1]).toMatchObject({ lateMs: HOUR, last: true });
});

it("a daemon that is started again makes no checkpoint twice", async () => {
  const { world, daemon } = await released();
  await daemon.passUntil(clock("11:01:00"));
  const next = startDaemon(world, followed);
  await next.load();
  await next.passUntil(clock("12:00:00"));
  expect(reports(world)).toEqual(["passed 1h errors=pass slow=pass"]);
});

it("a checkpoint that the log could not take is made again once it can", async () => {
  const { world, daemon } = await released();
  await daemon.passUntil(clock("10:59:00"));
  world.full = true;
  await daemon.passUntil(clock("11:03:00"));
  expect(reports(world)).toEqual([]);
  world.full = false;
  await daemon.passUntil(clock("11:05:00"));
  expect(reports(world)).toEqual(["passed 1h errors=pass slow=pass late"]);
});

it("another release ends the checkpoints of the one before, and has its own", async () => {
  const { world, daemon } = await released();
  await daemon.passUntil(clock("10:59:00"));
  world.target.ship("v3", clock("10:59:30"));
  await daemon.passUntil(clock("11:58:00"));
  expect(reports(world)).toEqual([]);
  await daemon.passUntil(clock("12:00:00"));
  expect(made(world).map(({ release }) => release)).toEqual(["vcci-production/vcci-api@3"]);
});

it("what a rollback put back was launched before, and has no checkpoints", async () => {
  const world = createWorld(TEN - HOUR);
  for (const expr of ["share:1h", "slow:1h"]) world.prometheus.put(expr, breaching(Number.POSITIVE_INFINITY));
  world.prometheus.put("errors:ratio", breaching(TEN + MINUTE, TEN + 7 * MINUTE));
  const quick = { ...followed, intervalMs: INTERVAL };
  const daemon = startDaemon(world, quick);
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  await daemon.passUntil(TEN + 2 * HOUR + 30 * SECOND);
  expect(world.target.acts()).toBe(1);
  expect(reports(world)).toEqual([]);
});

it("checkpoints that the rules get later are those of the time from then on", async () => {
  const { world, daemon } = await released(policy({ intervalMs: MINUTE }));
  await daemon.passUntil(clock("12:00:00"));
  const next = startDaemon(world, followed);
  await next.load();
  await next.passUntil(clock("14:00:00"));
  expect(reports(world)).toEqual(["passed 4h errors=pass slow=pass"]);
});

it("a release that became good says so in the reports that follow", async () => {
  const { world, daemon } = await released(policy({ ...followed, provenAfterMs: 2 * HOUR }));
  await daemon.passUntil(clock("14:00:00"));
  const [early, late] = made(world);
  expect(early).not.toHaveProperty("goodSince");
  expect(late).toMatchObject({ checkpoint: "4h", goodSince: "2026-03-02T12:00:00.000Z" });
});

it("where Prometheus's clock is ahead, a span that began before the release is not taken for its own", async () => {
  const { world, daemon } = await released();
  world.skewMs = 10 * MINUTE;
  // By its clock the release began at 10:10, and was slow until then.
  world.prometheus.put("slow:1h", breaching(TEN, clock("11:10:00")));
  await daemon.passUntil(clock("10:59:00"));
  expect(reports(world)).toEqual([]);
  await daemon.passUntil(clock("11:00:00"));
  expect(reports(world)).toEqual(["passed 1h errors=pass slow=pass"]);
  expect(made(world)[0]).toMatchObject({ dueAt: "2026-03-02T11:00:00.000Z" });
});
