import { NOTHING_MISSING } from "../../src/daemon/rights-watch.ts";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { Sharing } from "../../src/daemon/sharing.ts";
import { clashOf, sharingWith, watchSharing } from "../../src/daemon/sharing.ts";
import { healthView } from "../../src/daemon/health-view.ts";
import type { RunningPolicy } from "../../src/daemon/run-policy.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { clock, HOUR, INTERVAL, metricTrigger, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const COLOR = "vcci-production/vcci-api";
const { rollback } = policy();
const namer = policy({ name: "namer" });
const observing = { mode: "observe", triggers: [metricTrigger({ mode: "observe" })] } as const;
const switcher = policy({
  name: "switcher",
  target: {
    kind: "blue-green",
    namespace: "vcci-production",
    service: "web",
    label: "color",
    colors: ["blue", "green"],
  },
  rollback: { ...rollback, strategy: { kind: "blue-green" } },
});
const CLASH =
  `namer acts on the Deployment ${COLOR}, and switcher on vcci-production/service/web, of which that is a colour, so ` +
  "neither rolls back; set one of the two to mode: observe, or take it out of the rules";

/** v2 is shipped at ten, and breaches from 10:01 on. */
async function badRelease(
  colors: readonly string[],
  ...policies: readonly Policy[]
): Promise<[World, Daemon]> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), clock("11:00:00")));
  world.target.deployments = colors;
  const daemon = startDaemon(world, ...policies);
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  return [world, daemon];
}

describe("two policies that act on the same Deployment, which the rules do not show", () => {
  it("do not roll back, and both page with what to do", async () => {
    const [world, daemon] = await badRelease([COLOR, "vcci-production/other"], namer, switcher);
    await daemon.passUntil(clock("10:07:00"));
    expect(decisions(world)).toEqual(["escalate target-not-ready", "escalate target-not-ready"]);
    for (const { summary } of ofType(world, "decision.made")) expect(summary).toContain(`${CLASH}.`);
    expect(world.target.acts()).toBe(0);
  });

  it("are no clash if one of them only observes", async () => {
    const [world, daemon] = await badRelease([COLOR], namer, { ...switcher, ...observing });
    await daemon.passUntil(clock("10:07:00"));
    expect(ofType(world, "rollback.started").map(({ policy: by }) => by)).toEqual(["namer"]);
  });

  it("are no clash if the colours are other Deployments", async () => {
    const [world, daemon] = await badRelease(["vcci-production/vcci-api-blue"], namer, switcher);
    await daemon.passUntil(clock("10:07:00"));
    expect(ofType(world, "rollback.started")).not.toEqual([]);
  });

  it("let a person act, who is told of it first, and then nobody else until that has ended", async () => {
    const [world, daemon] = await badRelease([COLOR], namer, switcher);
    world.verify = () => new Promise(() => undefined);
    world.at = TEN + INTERVAL;
    await daemon.pass();
    const planned = await daemon.commands.plan("switcher", { reason: "other" });
    expect(planned.ok && planned.plan.warnings.join(" ")).toContain(`(target-not-ready): ${CLASH}.`);
    expect(await daemon.commands.rollback("namer", { reason: "other" }, "alice")).toMatchObject({ ok: true });
    expect(await daemon.commands.rollback("switcher", { reason: "other" }, "bob")).toMatchObject({
      ok: false,
      reason: "rollback-under-way",
    });
  });
});

it("while a person rolls back by the policy that only observes, the one that acts leaves it alone", async () => {
  const [world, daemon] = await badRelease([COLOR], namer, { ...switcher, ...observing });
  world.verify = () => new Promise(() => undefined);
  await daemon.passUntil(clock("10:05:45"));
  expect(await daemon.commands.rollback("switcher", { reason: "other" }, "alice")).toMatchObject({
    ok: true,
  });
  await daemon.passUntil(clock("10:07:00"));
  expect(ofType(world, "decision.made").map(({ policy: by }) => by)).toEqual(["switcher"]);
});

describe("such a clash is told before anything fires", () => {
  const watch = {
    current: () => ({ ok: true, snapshot: { deployments: [COLOR] } }),
  } as unknown as RunningPolicy["watch"];
  const running = [namer, switcher].map((one) => ({ policy: one, watch }));

  const hindrancesOf = (...policies: readonly Policy[]) => {
    const passed = (of: Policy) => ({
      policy: of,
      watch,
      carried: () => ({ watched: new Map(), sight: { blindSince: undefined }, lookup: undefined, at: TEN }),
      overdueMs: () => 0,
    });
    return healthView({
      version: "1",
      startedAt: TEN,
      now: () => TEN,
      rules: () => ({ loadedAt: TEN, problems: [] }),
      log: () => ({ head: { seq: 1, hash: "" }, unwritable: undefined, readUntil: undefined }),
      rights: () => NOTHING_MISSING,
      running: () => policies.map(passed) as unknown as readonly RunningPolicy[],
    }).hindrances();
  };

  it("as what keeps rollbackd from being ready, once for both", () => {
    expect(hindrancesOf(namer, switcher)).toEqual([
      { what: "rules", detail: `${CLASH}.`, nextStep: expect.stringMatching(/^Correct the rules files/u) },
    ]);
  });

  it("and once for all, where several policies name colours of the Service", () => {
    const [found, ...others] = hindrancesOf(namer, switcher, policy({ name: "second" }));
    expect(found?.detail).toBe(`${CLASH}; ${CLASH.replace("namer", "second")}.`);
    expect(others).toEqual([]);
  });

  it("in the log, once as long as it lasts, by the policy that has the Service", () => {
    const lines: string[] = [];
    const logger = pino({ level: "warn" }, { write: (line) => void lines.push(line) });
    let found: readonly Sharing[] = [];
    const sharing = (): readonly Sharing[] => found;
    const [slot, other] = [switcher, namer].map((one) => watchSharing(one, { sharing, logger }));
    for (found of [[], sharingWith(switcher, running), sharingWith(switcher, running)]) {
      slot?.();
      other?.();
    }
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([CLASH]);
  });

  it("and from either side in the same words", () => {
    expect(running.map((one) => clashOf(sharingWith(one.policy, running)))).toEqual([CLASH, CLASH]);
  });
});
