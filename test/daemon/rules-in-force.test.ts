import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createHistory } from "../../src/daemon/history.ts";
import { createRulesInForce, type RulesPorts } from "../../src/daemon/rules-in-force.ts";
import type { LoadedRules } from "../../src/rules/load.ts";
import type { Policy } from "../../src/rules/policy.ts";
import type { Problem } from "../../src/rules/problem.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { memoryLog } from "../notifications/memory-log.ts";
import { clock, metricTrigger, policy, TEN } from "../support/model.ts";

const MISTAKE: Problem = {
  file: "api.yaml",
  line: 3,
  column: 5,
  severity: "error",
  rule: "unknown-key",
  message: "There is no key `abve`. Did you mean `above`?",
};

function start(changes: Partial<RulesPorts> = {}) {
  const log = memoryLog();
  const history = createHistory();
  const world = { at: TEN, full: false };
  const applied: (readonly Policy[])[] = [];
  const metrics = createMetrics("test");
  const rules = createRulesInForce({
    first: [],
    record: async (body) => {
      if (world.full) return undefined;
      const record = await log.append(body, world.at);
      history.apply(record);
      return record;
    },
    problemsOf: async () => [],
    apply: (policies) => void applied.push(policies),
    metrics,
    logger: pino({ level: "silent" }),
    ...changes,
  });
  const recorded = (): readonly string[] => log.records.map(({ type }) => type);
  return { rules, world, history, applied, metrics, recorded };
}

const sound = (policies: readonly Policy[]): LoadedRules => ({ files: [], policies, problems: [] });
const edited = policy({ triggers: [metricTrigger({ hash: "h-new" })] });

describe("rules with mistakes", () => {
  it("trap 11: leave the old ones in force, are recorded with their place, and show in a metric", async () => {
    const { rules, applied, metrics, recorded } = start();
    await rules.take(sound([policy()]));
    await rules.take({ ...sound([]), problems: [MISTAKE] });
    expect(applied).toEqual([[policy()]]);
    expect(rules.policy("vcci-api")).toEqual(policy());
    expect(recorded()).toEqual(["rules.loaded", "rules.rejected"]);
    expect(rules.state().problems).toEqual([MISTAKE]);
    expect((await metrics.rulesLoadSuccess.get()).values[0]?.value).toBe(0);
    await rules.take(sound([edited]));
    expect((await metrics.rulesLoadSuccess.get()).values[0]?.value).toBe(1);
    expect(rules.state().problems).toEqual([]);
  });

  it("trap 11: are those as well that cannot be put in force where the daemon runs", async () => {
    const noCluster: Problem = { ...MISTAKE, rule: "target", message: "There is no kubeconfig." };
    const { rules, applied, recorded } = start({ problemsOf: async () => [noCluster] });
    await rules.take(sound([policy()]));
    expect(applied).toEqual([]);
    expect(recorded()).toEqual(["rules.rejected"]);
    expect(rules.state().problems).toEqual([noCluster]);
  });
});

describe("a log that takes no record of the rules", () => {
  it("trap 36: gets it later, and only from then on are they known", async () => {
    const { rules, world, history, applied, recorded } = start();
    world.full = true;
    await rules.take(sound([edited]));
    expect(applied).toEqual([[edited]]);
    await rules.recordOwed();
    expect(history.loadedAt("vcci-api", "error-rate", "h-new")).toBeUndefined();

    world.full = false;
    world.at = clock("10:05:00");
    await rules.recordOwed();
    expect(history.loadedAt("vcci-api", "error-rate", "h-new")).toBe(clock("10:05:00"));
    expect(rules.state().loadedAt).toBe(clock("10:05:00"));
    await rules.recordOwed();
    expect(recorded()).toEqual(["rules.loaded"]);
  });

  it("trap 36: gets all of it in order", async () => {
    const { rules, world, recorded } = start();
    world.full = true;
    await rules.take(sound([edited]));
    await rules.take({ ...sound([]), problems: [MISTAKE] });
    world.full = false;
    await rules.recordOwed();
    expect(recorded()).toEqual(["rules.loaded", "rules.rejected"]);
  });
});

describe("a policy that is gone from the rules", () => {
  it("is still known by name, for what is to be told of its rollback", async () => {
    const { rules } = start();
    await rules.take(sound([policy({ notify: ["slack"] })]));
    await rules.take(sound([]));
    expect(rules.policy("vcci-api")?.notify).toEqual(["slack"]);
  });
});
