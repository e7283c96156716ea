import { expect, it } from "vitest";
import type { Objection } from "../../src/decisions/situation.ts";
import type { Change } from "../../src/rollback/act.ts";
import { clock, HOUR, INTERVAL, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const NO: Objection = {
  detail: "the precheck says that it cannot be undone: exit 3",
  output: "column dropped\n",
};

const FORBIDDEN = { kind: "failed", reason: "forbidden", detail: "HTTP 403" };

interface Stage {
  readonly world: World;
  readonly daemon: Daemon;
  readonly asked: readonly Change[];
  said: Objection | undefined;
  /** How long it runs. */
  lastsMs: number;
  meanwhile: () => Promise<void>;
}

/** v2 is shipped at ten and fires from 10:06 until `until`; the precheck says what `said` is. */
async function stage(
  changes: Parameters<typeof policy>[0] = {},
  until = Number.POSITIVE_INFINITY,
): Promise<Stage> {
  const world = createWorld(TEN - HOUR);
  const asked: Change[] = [];
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), until));
  world.precheck = async (change) => {
    asked.push(change);
    world.at += here.lastsMs;
    await here.meanwhile();
    return here.said;
  };
  const daemon = startDaemon(world, policy(changes));
  const here: Stage = {
    world,
    daemon,
    asked,
    said: undefined,
    lastsMs: 0,
    meanwhile: async () => undefined,
  };
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  return here;
}

it("is asked once about what would change, right before the act, and lets it pass", async () => {
  const { world, daemon, asked } = await stage();
  await daemon.passUntil(clock("10:05:45"));
  expect(asked).toEqual([]);
  await daemon.passUntil(clock("10:06:00"));
  expect(asked).toMatchObject([
    { target: "vcci-production/vcci-api", from: { digest: "v2" }, to: { digest: "v1" } },
  ]);
  expect(decisions(world)).toEqual(["rollback"]);
  expect(world.target.running()).toBe("v1");
});

it("trap 39: a release that ran an irreversible migration is not undone: one page, with what the precheck printed", async () => {
  const here = await stage();
  const { world, daemon, asked } = here;
  here.said = NO;
  await daemon.passUntil(clock("10:20:00"));
  expect(asked).toHaveLength(1);
  expect(decisions(world)).toEqual(["escalate release-not-reversible"]);
  const [made] = ofType(world, "decision.made");
  expect(made).toMatchObject({ output: "column dropped\n" });
  expect(made?.summary).toContain("the precheck says that it cannot be undone: exit 3");
  expect(world.target.acts()).toBe(0);
});

it("is asked anew by the next breach", async () => {
  const here = await stage({}, clock("10:08:00"));
  here.said = NO;
  await here.daemon.passUntil(clock("10:12:00"));
  here.said = undefined;
  here.world.prometheus.put("errors:ratio", breaching(clock("10:13:00")));
  await here.daemon.passUntil(clock("10:18:00"));
  expect(here.asked).toHaveLength(2);
  expect(here.world.target.running()).toBe("v1");
});

it("one that takes long leaves it to the next slot, where what recovered meanwhile is not rolled back", async () => {
  const here = await stage({}, clock("10:06:30"));
  here.lastsMs = MINUTE;
  await here.daemon.passUntil(clock("10:06:00"));
  await here.daemon.passUntil(clock("10:10:00"));
  expect(here.world.target.acts()).toBe(0);
  expect(decisions(here.world)).toEqual([]);
});

it("one that takes long is not asked again for that, and what still fires is rolled back", async () => {
  const here = await stage();
  here.lastsMs = MINUTE;
  await here.daemon.passUntil(clock("10:06:00"));
  expect(here.world.target.acts()).toBe(0);
  await here.daemon.passUntil(clock("10:07:15"));
  expect(here.asked).toHaveLength(1);
  expect(here.world.target.running()).toBe("v1");
});

it("what it allowed for one attempt is not taken for the next one", async () => {
  const { world, daemon, asked } = await stage({ cooldownMs: 0 });
  world.effect = async (name, run) => {
    const isFirst = name === "act" && ofType(world, "rollback.started").length === 1;
    return isFirst ? (FORBIDDEN as Awaited<ReturnType<typeof run>>) : run();
  };
  await daemon.passUntil(clock("10:06:15"));
  expect(ofType(world, "rollback.started")).toHaveLength(2);
  expect(asked).toHaveLength(2);
});

it("what people say while it runs counts, whatever it says", async () => {
  const here = await stage();
  const { world, daemon } = here;
  here.said = NO;
  here.meanwhile = async () => void (await daemon.commands.freeze("vcci-api", {}, "token:alice"));
  await daemon.passUntil(clock("10:06:00"));
  expect(decisions(world)).toEqual(["hold frozen"]);
});

it("what it allowed before a freeze is asked anew after it", async () => {
  const { world, daemon, asked } = await stage();
  world.prometheus.down = "range";
  await daemon.passUntil(clock("10:06:00"));
  expect(asked).toHaveLength(1);
  await daemon.commands.freeze("vcci-api", { untilMs: clock("10:30:00") }, "token:alice");
  await daemon.passUntil(clock("10:29:45"));
  world.prometheus.down = "none";
  await daemon.passUntil(clock("10:31:00"));
  expect(asked).toHaveLength(2);
  expect(world.target.running()).toBe("v1");
});

it("is asked before a person is, and once more when they approved", async () => {
  const approving = { mode: "approve", triggers: [metricTrigger({ mode: "approve" })] } as const;
  const { world, daemon, asked } = await stage(approving);
  await daemon.passUntil(clock("10:07:00"));
  expect(decisions(world)).toEqual(["escalate awaiting-approval"]);
  expect(asked).toHaveLength(1);
  await daemon.commands.approve(ofType(world, "decision.made")[0]?.decisionId ?? "", {}, "token:alice");
  await daemon.passUntil(clock("10:07:15"));
  expect(asked).toHaveLength(2);
  expect(world.target.running()).toBe("v1");
});

it("binds a person, too, who is told what it said", async () => {
  const here = await stage();
  here.said = NO;
  await here.daemon.pass();
  const request = { reason: "other" } as const;
  const refusal = { ok: false, kind: "refused", reason: "release-not-reversible" };
  const answer = await here.daemon.commands.rollback("vcci-api", request, "token:alice");
  expect(answer).toMatchObject({ ...refusal, detail: expect.stringContaining("exit 3") });
  expect(await here.daemon.commands.plan("vcci-api", request)).toMatchObject(refusal);
  expect(ofType(here.world, "operator.rollback")).toEqual([]);
});

it("comes before the last look at Prometheus, since it may take long", async () => {
  const { world, daemon, asked } = await stage();
  await daemon.passUntil(clock("10:05:45"));
  const { prometheus } = world;
  const before: number[] = [];
  const { sampleRange } = prometheus;
  const counted: typeof sampleRange = (...range) => {
    before.push(asked.length);
    return sampleRange(...range);
  };
  Object.assign(prometheus, { sampleRange: counted });
  await daemon.passUntil(clock("10:06:00"));
  expect(before).toEqual([1]);
});
