import { describe, expect, it } from "vitest";
import { createTeller } from "../../src/notifications/teller.ts";
import { clock, HOUR, INTERVAL, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const ALICE = "token:alice";
const approving = policy({ mode: "approve", triggers: [metricTrigger({ mode: "approve" })] });

/** v2 ships at ten and breaches from 10:01 until `until`; the last pass was at `at`. */
async function stage(
  guarded = policy(),
  at = clock("10:05:45"),
  until = Number.POSITIVE_INFINITY,
): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), until));
  const daemon = startDaemon(world, guarded);
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  await daemon.passUntil(at);
  return { world, daemon };
}

describe("a rollback that a person asks for", () => {
  it("is on record with who and why before it is decided, and is begun, verified and quarantined as any other", async () => {
    const { world, daemon } = await stage(policy(), clock("10:00:45"));
    const answer = await daemon.commands.rollback("vcci-api", { reason: "data-corruption" }, ALICE);
    expect(answer).toMatchObject({ ok: true, plan: { from: { revision: "2" }, to: { revision: "1" } } });
    await daemon.passUntil(clock("10:01:00"));
    const types = world.log.records.map(({ type }) => type);
    const since = types.slice(types.indexOf("operator.rollback"));
    expect(since.slice(0, 4)).toEqual([
      "operator.rollback",
      "decision.made",
      "rollback.started",
      "rollback.applied",
    ]);
    expect(since).toContain("rollback.verified");
    expect(world.target.running()).toBe("v1");
    expect(world.marked).toContain("v2 quarantined");
    expect(ofType(world, "decision.made")[0]?.summary).toMatch(/token:alice.*data-corruption.*data is not/);
  });

  it("trap 43: for corrupt data says that code goes back and data does not, with the runbook's link", async () => {
    const runbook = "https://wiki/restore";
    const { world, daemon } = await stage(policy({ runbook }), clock("10:00:45"));
    await daemon.commands.rollback("vcci-api", { reason: "data-corruption" }, ALICE);
    const page = world.log.records.flatMap(createTeller()).find(({ event }) => event === "trigger");
    expect(page?.lines.join("\n")).toMatch(/Code is rolled back; data is not/u);
    expect(page?.runbook).toBe(runbook);
  });

  it("races the automatic one: exactly one is begun", async () => {
    const { world, daemon } = await stage();
    world.at = clock("10:06:00");
    const [answer] = await Promise.all([
      daemon.commands.rollback("vcci-api", { reason: "other" }, ALICE),
      daemon.pass(),
    ]);
    expect(ofType(world, "rollback.started")).toHaveLength(1);
    expect(world.target.acts()).toBe(1);
    expect(answer.ok || answer.reason).toBeTruthy();
  });

  it("shows beforehand what would change, and changes nothing by that", async () => {
    const { world, daemon } = await stage(policy(), clock("10:00:45"));
    const before = world.log.records.length;
    expect(await daemon.commands.plan("vcci-api", { reason: "other" })).toMatchObject({
      plan: { diff: ["- containers.api.image: shop:v2", "+ containers.api.image: shop:v1"] },
    });
    expect(world.log.records).toHaveLength(before);
  });

  it("says beforehand where the maintenance that was asked for cannot be announced", async () => {
    const plan = async (channels: Policy["notify"], maintenance: boolean) => {
      const { daemon } = await stage(policy({ notify: channels }), clock("10:00:45"));
      const planned = await daemon.commands.plan("vcci-api", { reason: "other", maintenance });
      return planned.ok ? planned.plan.warnings.filter((each) => each.includes("maintenance")) : planned;
    };
    expect(await plan(["slack"], true)).toEqual([
      "No maintenance is announced to users: `notify` of vcci-api does not name `statuspage`.",
    ]);
    expect(await plan(["slack"], false)).toEqual([]);
    expect(await plan(["statuspage"], true)).toEqual([]);
  });

  it("trap 21: is refused when somebody ships something else while the plan is read", async () => {
    const { world, daemon } = await stage(policy(), clock("10:00:45"));
    const planned = await daemon.commands.plan("vcci-api", { reason: "other" });
    const release = planned.ok ? planned.plan.release : "";
    world.target.ship("v3", clock("10:00:50"));
    const answer = await daemon.commands.rollback("vcci-api", { reason: "other", to: "1", release }, ALICE);
    expect(answer).toMatchObject({ ok: false, reason: "superseded" });
    expect(ofType(world, "operator.rollback")).toHaveLength(0);
    expect(world.target.running()).toBe("v3");
  });

  it("is refused with the revisions there are when it names none of them", async () => {
    const { daemon, world } = await stage(policy(), clock("10:00:45"));
    const answer = await daemon.commands.rollback("vcci-api", { reason: "other", to: "9" }, ALICE);
    expect(answer).toMatchObject({ ok: false, reason: "unknown-revision" });
    expect(ofType(world, "operator.rollback")).toHaveLength(0);
  });
});

describe("a freeze", () => {
  it("holds automation over a restart, not a person, and ends by itself", async () => {
    const { world, daemon } = await stage();
    await daemon.commands.freeze("vcci-api", { untilMs: clock("10:08:00") }, ALICE);
    const after = startDaemon(world, policy());
    await after.passUntil(clock("10:07:45"));
    expect(decisions(world)).toEqual(["hold frozen"]);
    expect(await after.commands.plan("vcci-api", { reason: "other" })).toMatchObject({ ok: true });
    await after.passUntil(clock("10:08:15"));
    expect(ofType(world, "freeze.expired")).toHaveLength(1);
    expect(decisions(world)).toEqual(["hold frozen", "rollback"]);
  });
});

describe("approval", () => {
  it("is asked for once, outlives a restart, and acts", async () => {
    const { world, daemon } = await stage(approving, clock("10:06:30"));
    expect(decisions(world)).toEqual(["escalate awaiting-approval"]);
    const id = ofType(world, "decision.made")[0]?.decisionId ?? "";
    expect(await daemon.commands.approve(id, {}, ALICE)).toEqual({ ok: true, policy: "vcci-api" });
    const after = startDaemon(world, approving);
    expect(await after.commands.approve(id, {}, ALICE)).toMatchObject({ ok: false, reason: "approved" });
    await after.passUntil(clock("10:06:45"));
    expect(ofType(world, "decision.made")[1]?.approval).toEqual({ decisionId: id, by: ALICE });
    expect(world.target.running()).toBe("v1");
  });

  it("that is given acts at once, not in the next slot", async () => {
    const { world, daemon } = await stage(approving, clock("10:06:30"));
    const asked = world.prometheus.asked.length;
    world.at += 1_000;
    await daemon.commands.approve(ofType(world, "decision.made")[0]?.decisionId ?? "", {}, ALICE);
    await daemon.reconsider();
    expect(world.target.running()).toBe("v1");
    // The second look before the act, and no slot measured again.
    expect(world.prometheus.asked).toHaveLength(asked + 1);
  });

  it("that is given for nothing says what stood in the way, and the page stays open with the next step", async () => {
    const { world, daemon } = await stage(approving, clock("10:06:00"));
    await daemon.commands.freeze("vcci-api", {}, ALICE);
    await daemon.commands.approve(ofType(world, "decision.made")[0]?.decisionId ?? "", {}, ALICE);
    await daemon.passUntil(clock("10:36:15"));
    expect(world.target.acts()).toBe(0);
    expect(ofType(world, "approval.expired")).toMatchObject([
      {
        detail: expect.stringContaining(
          `approved by ${ALICE}, but something else stood in the way (frozen)`,
        ) as unknown,
      },
    ]);
    const tell = createTeller();
    const titles = world.log.records.flatMap((record) =>
      tell(record).map(({ event, title }) => `${event} ${title}`),
    );
    expect(titles).toContain(
      `info vcci-production/vcci-api is approved by ${ALICE} and not rolled back yet (frozen)`,
    );
    expect(titles).toContain(
      `trigger vcci-production/vcci-api is not rolled back, though ${ALICE} approved it`,
    );
  });

  it("can be given while something stands in the way, says what, and acts once that is gone", async () => {
    const { world, daemon } = await stage(approving, clock("10:06:00"));
    const id = ofType(world, "decision.made")[0]?.decisionId ?? "";
    await daemon.commands.freeze("vcci-api", {}, ALICE);
    await daemon.passUntil(clock("10:06:15"));
    expect(await daemon.commands.approve(id, {}, ALICE)).toEqual({
      ok: true,
      policy: "vcci-api",
      inTheWay: "frozen",
    });
    await daemon.passUntil(clock("10:06:30"));
    expect(world.target.acts()).toBe(0);
    await daemon.commands.resume("vcci-api", {}, ALICE);
    await daemon.reconsider();
    expect(world.target.running()).toBe("v1");
  });

  describe("of two triggers", () => {
    const both = policy({
      mode: "approve",
      triggers: [
        metricTrigger({ mode: "approve" }),
        metricTrigger({
          name: "p95-latency",
          mode: "approve",
          hash: "p95",
          query: { kind: "expr", expr: "p95" },
        }),
      ],
    });

    /** Errors ask at 10:06; latency breaches from 10:02 on, as long as it likes. */
    async function asked(errorsUntil: number) {
      const world = createWorld(TEN - HOUR);
      world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), errorsUntil));
      world.prometheus.put("p95", breaching(clock("10:02:00")));
      const daemon = startDaemon(world, both);
      await daemon.load();
      world.at = TEN - INTERVAL;
      await daemon.pass();
      world.target.ship("v2", TEN);
      await daemon.passUntil(clock("10:06:00"));
      expect(ofType(world, "decision.made")).toMatchObject([{ trigger: "error-rate" }]);
      return { world, daemon };
    }

    it("is asked for the other when what was asked about recovered", async () => {
      const { world, daemon } = await asked(clock("10:08:00"));
      await daemon.passUntil(clock("10:09:00"));
      expect(ofType(world, "approval.withdrawn")).toHaveLength(1);
      expect(ofType(world, "decision.made").map(({ trigger }) => trigger)).toEqual([
        "error-rate",
        "p95-latency",
      ]);
    });

    it("is asked for the other when it was rejected for the one, and once", async () => {
      const { world, daemon } = await asked(Number.POSITIVE_INFINITY);
      await daemon.commands.reject(ofType(world, "decision.made")[0]?.decisionId ?? "", {}, ALICE);
      await daemon.passUntil(clock("10:09:00"));
      expect(decisions(world)).toEqual([
        "escalate awaiting-approval",
        "hold awaiting-approval",
        "escalate awaiting-approval",
      ]);
    });
  });

  it("of a policy that is no longer in the rules is taken from nobody", async () => {
    const { world } = await stage(approving, clock("10:06:00"));
    const after = startDaemon(world);
    await after.load();
    const answer = await after.commands.approve(
      ofType(world, "decision.made")[0]?.decisionId ?? "",
      {},
      ALICE,
    );
    expect(answer).toMatchObject({ ok: false, kind: "not-found" });
    expect(ofType(world, "operator.approve")).toEqual([]);
  });

  it("that is rejected holds for the episode and is not asked for again", async () => {
    const { world, daemon } = await stage(approving, clock("10:06:00"));
    await daemon.commands.reject(ofType(world, "decision.made")[0]?.decisionId ?? "", {}, ALICE);
    await daemon.passUntil(clock("10:40:00"));
    expect(decisions(world)).toEqual(["escalate awaiting-approval", "hold awaiting-approval"]);
    expect(world.target.acts()).toBe(0);
  });

  it("that nobody gives in time expires, and one whose trigger recovers is withdrawn", async () => {
    const { world } = await stage(approving, clock("10:06:00") + 30 * MINUTE);
    expect(ofType(world, "approval.expired")).toHaveLength(1);
    const hasty = { ...approving, approvalTimeoutMs: 2 * MINUTE };
    const early = await stage(hasty, clock("10:07:45"));
    expect(ofType(early.world, "approval.expired")).toHaveLength(0);
    await early.daemon.passUntil(clock("10:08:30"));
    expect(ofType(early.world, "approval.expired")).toMatchObject([
      { detail: expect.stringContaining("no answer came within 2 min") as unknown },
    ]);
    const quiet = await stage(approving, clock("10:10:00"), clock("10:08:00"));
    expect(ofType(quiet.world, "approval.withdrawn")).toHaveLength(1);
  });
});
