import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeOnCluster } from "../cluster/shared.ts";
import { rollbackd } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { deploymentNow, replicaSetStandings } from "./cluster-state.ts";
import {
  createStage,
  evaluatedFor,
  PATIENCE,
  ROUTING_KEY,
  settled,
  type Stage,
  TIMEOUT_MS,
  usersGet,
} from "./stage.ts";

const ERROR_SHARE =
  'sum(rate(http_requests_total{app="vcci-api",status=~"5.."}[5s])) / sum(rate(http_requests_total{app="vcci-api"}[5s]))';

/** Users get v1 again, from one act, and those who were called for help are told that it is over. */
async function expectRolledBack(stage: Stage, trigger: string): Promise<void> {
  const decision = await stage.first("decision.made", ({ decision }) => decision === "rollback");
  expect(decision).toMatchObject({
    policy: "vcci-api",
    trigger,
    from: { revision: "2" },
    to: { revision: "1" },
  });
  await stage.first("rollback.verified");
  await usersGet(stage, "vcci-api:v1");
  await stage.world.rolledOut();
  expect(await deploymentNow(stage.world)).toMatchObject({
    image: "vcci-api:v1",
    revision: "3",
    rollbacks: [{ decision: decision.decisionId }],
  });
  const key = `rollbackd/${decision.target}/${decision.target}@2`;
  await stage.paged([
    { action: "trigger", key },
    { action: "resolve", key },
  ]);
}

describeOnCluster("a bad release is rolled back, verified, told and logged", (kubeconfig) => {
  it.concurrent(
    "errors: all that is left behind is true",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const stage = await createStage({ kubeconfig });
      onTestFinished(stage.stop);
      const { world } = stage;
      const daemon = await stage.start();
      await settled(daemon);
      await world.release("vcci-api:v2");
      await expectRolledBack(stage, "error-rate");

      const [decision] = await stage.all("decision.made");
      expect(decision).toMatchObject({ decision: "rollback", reason: "rollback", otherReasons: [] });
      const evidence = decision?.evidence.find(({ trigger }) => trigger === "error-rate");
      expect(evidence).toMatchObject({
        query: expect.stringContaining(`http_requests_total{namespace="${world.namespace}"`),
        threshold: "above 5%",
        forMs: 6_000,
        endpoint: world.prometheus.url,
        rulesHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        summary: expect.stringMatching(/^error-rate is [\d.]+ %, above 5 % for 6 s \(\d of 7 slots/),
      });
      expect(evidence?.samples).toHaveLength(7);
      expect(evidence?.samples.at(-1)).toMatchObject({
        value: expect.toSatisfy((share: number) => share > 0.05),
      });
      const [loaded] = await stage.all("rules.loaded");
      expect(loaded?.policies[0]?.triggers["error-rate"]).toBe(evidence?.rulesHash);

      const marks = await replicaSetStandings(world);
      expect(marks["vcci-api:v2"]).toMatch(new RegExp(`^quarantined:[0-9a-f]{12}:${decision?.decisionId}$`));
      expect(marks["vcci-api:v1"]).toBeUndefined();
      // Verified is below the threshold; the last errors leave the range of the query a little later.
      const noErrors = async () => expect(await world.measure(ERROR_SHARE)).toBe(0);
      await eventually("no errors", noErrors, { ...PATIENCE, everyMs: 250 });
      await eventually("Slack has it all", () => expect(stage.slackTitles()).toHaveLength(3), PATIENCE);
      const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
      expect(metrics).toContain('rollbackd_rollbacks_total{outcome="verified"} 1');
      expect(metrics).toContain('rollbackd_decisions_total{decision="rollback",reason="rollback"} 1');

      const report = await (
        await fetch(`${daemon.url}/api/v1/decisions/${decision?.decisionId}/report`)
      ).text();
      expect(report).toContain(`# ${decision?.target} was rolled back from v2 to v1, and it helped`);
      expect(report).toContain("- containers.api.image: vcci-api:v1\n+ containers.api.image: vcci-api:v2");
      const { stdout: same } = await rollbackd({
        args: ["log", "report", `${decision?.decisionId}`, "--server", daemon.url],
        env: {},
      });
      expect(same.split("\n")[0]).toBe(report.split("\n")[0]);

      // Nothing more comes of it, and the end is clean.
      await evaluatedFor(daemon, 8);
      expect(await daemon.stop()).toBe(0);
      expect(stage.pages()).toHaveLength(2);
      expect(stage.slackTitles()).toHaveLength(3);
      expect((await stage.records()).at(-1)).toMatchObject({ type: "daemon.stopped", cause: "SIGTERM" });
      const { code, stdout } = await rollbackd({ args: ["log", "verify", "--data", stage.dataDir], env: {} });
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("Whole.") });
      expect(daemon.output() + logText(stage)).not.toMatch(new RegExp(`${ROUTING_KEY}|SECRETTOKENOFSLACK`));
    },
  );

  it.concurrent("P95 latency", { timeout: TIMEOUT_MS }, async ({ onTestFinished }) => {
    const stage = await createStage({ kubeconfig, replicas: 1 });
    onTestFinished(stage.stop);
    await settled(await stage.start());
    await stage.world.release("vcci-api:v2-slow");
    await expectRolledBack(stage, "p95-latency");
    const [decision] = await stage.all("decision.made");
    expect(decision?.summary).toMatch(/^p95-latency is \d\.\d+ s, above 2000 ms for 6 s/);
  });

  it.concurrent("health checks that fail", { timeout: TIMEOUT_MS }, async ({ onTestFinished }) => {
    const stage = await createStage({ kubeconfig, replicas: 1 });
    onTestFinished(stage.stop);
    await settled(await stage.start());
    await stage.world.release("vcci-api:v2-unready-later");
    await expectRolledBack(stage, "health");
    const [decision] = await stage.all("decision.made");
    expect(decision?.evidence.find(({ trigger }) => trigger === "health")).toMatchObject({
      query: `${stage.world.service.url}/health/ready`,
      threshold: "3 failures in a row",
      samples: [{ value: 0 }, { value: 0 }, { value: 0 }],
    });
  });
});

function logText({ dataDir }: Stage): string {
  const folder = join(dataDir, "decisions");
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");
}
