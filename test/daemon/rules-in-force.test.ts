import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createHistory } from "../../src/daemon/history.ts";
import { createRulesInForce, loadedRecord, type RulesPorts } from "../../src/daemon/rules-in-force.ts";
import type { LogRecord } from "../../src/log/record.ts";
import type { LoadedRules } from "../../src/rules/load.ts";
import type { Policy } from "../../src/rules/policy.ts";
import type { Problem } from "../../src/rules/problem.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { memoryLog, recordsOf } from "../notifications/memory-log.ts";
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
    loadedHashes: history.loadedHashes,
    problemsOf: async () => [],
    apply: (policies) => void applied.push(policies),
    metrics,
    logger: pino({ level: "silent" }),
    ...changes,
  });
  const recorded = (): readonly string[] => log.records.map(({ type }) => type);
  return { rules, world, history, applied, metrics, recorded, log: log.records };
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

describe("rules that are loaded", () => {
  const changesOf = (log: readonly LogRecord[]) =>
    log.map((record) => (record.type === "rules.loaded" ? record.changes : record.type));

  it("are recorded with what changed, in words, and without changes at the first load", async () => {
    const { rules, log } = start();
    await rules.take(sound([policy()]));
    await rules.take(sound([policy({ hash: "p2", cooldownMs: 0 })]));
    expect(changesOf(log)).toEqual([undefined, [expect.stringContaining("vcci-api: cooldown ")]]);
  });

  it("are compared with the rules in force, not with rules that were rejected", async () => {
    const { rules, log } = start();
    await rules.take(sound([policy()]));
    await rules.take({ ...sound([policy({ hash: "p2", mode: "observe" })]), problems: [MISTAKE] });
    await rules.take(sound([policy({ hash: "p3", mode: "approve" })]));
    expect(changesOf(log).at(-1)).toEqual(["vcci-api: mode enforce → approve"]);
  });

  it("are compared by hash with the log after a restart", async () => {
    const { rules, history, log } = start();
    recordsOf([loadedRecord([policy()])]).forEach(history.apply);
    await rules.take(sound([edited]));
    expect(changesOf(log)).toEqual([["vcci-api: error-rate: changed while rollbackd was stopped"]]);
  });

  it("list at most 200 changes", async () => {
    const { rules, log } = start();
    await rules.take(sound([]));
    await rules.take(sound(Array.from({ length: 300 }, (_, at) => policy({ name: `p${at}` }))));
    const [, changes] = changesOf(log);
    expect(changes?.length).toBe(201);
    expect(changes?.at(-1)).toBe("100 more changes");
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
