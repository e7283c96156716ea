import { expect, it, type TestContext } from "vitest";
import { eventually } from "../support/eventually.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { rollbackd } from "../support/daemon.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type ApiGate, startApiGate } from "./api-gate.ts";
import { deploymentNow } from "./cluster-state.ts";
import { createStage, evaluatedFor, PATIENCE, settled, type Stage, TIMEOUT_MS } from "./stage.ts";

/** A stage whose rollbackd reaches the API server through a gate. */
async function stageBehindGate(
  kubeconfig: string,
  onTestFinished: TestContext["onTestFinished"],
): Promise<{
  readonly stage: Stage;
  readonly gate: ApiGate;
  readonly env: Readonly<Record<string, string>>;
}> {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const gate = await startApiGate(kubeconfig, folder.path);
  onTestFinished(gate.close);
  const stage = await createStage({ kubeconfig, replicas: 1, forSeconds: 4 });
  onTestFinished(stage.stop);
  return { stage, gate, env: { KUBECONFIG: gate.kubeconfig } };
}

/** How often the API server took a change of the Deployment that rollbackd sent. */
function acts({ passed }: ApiGate): number {
  return passed.filter(
    ({ method, path, status = 0 }) => method === "PATCH" && path.includes("/deployments/") && status < 300,
  ).length;
}

/** A kill between a delivery and its record repeats the event; by its key it is the same page still. */
function logicalPages(stage: Stage) {
  const pages = stage.pages();
  return pages.filter((page, index) => JSON.stringify(page) !== JSON.stringify(pages[index - 1]));
}

/** One act, one page and its end, and a log in which nothing is missing, whatever happened in between. */
async function expectOneRollback(stage: Stage): Promise<void> {
  await stage.first("rollback.verified");
  const { decisionId, target } = await stage.first("rollback.started");
  const key = `rollbackd/${target}/${target}@2`;
  await eventually(
    "one page and its end",
    () =>
      expect(logicalPages(stage)).toMatchObject([
        { action: "trigger", key },
        { action: "resolve", key },
      ]),
    PATIENCE,
  );
  expect(await deploymentNow(stage.world)).toMatchObject({
    image: "vcci-api:v1",
    revision: "3",
    decision: decisionId,
    rollbacks: [{ decision: decisionId }],
  });
  const story = (await stage.records()).filter(({ type }) => type.startsWith("rollback."));
  expect(story.map(({ type }) => type)).toEqual([
    "rollback.started",
    "rollback.applied",
    "rollback.verified",
  ]);
  const verify = await rollbackd({ args: ["log", "verify", "--data", stage.dataDir], env: {} });
  expect(verify).toMatchObject({ code: 0, stderr: "" });
}

describeOnCluster("rollbackd is killed and started again", (kubeconfig) => {
  it.concurrent(
    "trap 2: in the middle of a window: it fires when it would have, not a window later",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const stage = await createStage({ kubeconfig, replicas: 1, forSeconds: 12 });
      onTestFinished(stage.stop);
      const before = await stage.start();
      await settled(before);
      await stage.world.release("vcci-api:v2");
      const pending = await stage.first("trigger.pending", ({ trigger }) => trigger === "error-rate");
      const dueAt = Date.parse(pending.slot) + 12_000;
      await evaluatedFor(before, 3);
      await before.kill();
      const after = await stage.start();
      const answersAt = Date.now();
      await evaluatedFor(after, 0);

      const firing = await stage.first("trigger.firing", ({ trigger }) => trigger === "error-rate");
      // Seen from history, a slot can have been breaching some scrapes earlier than it looked live.
      expect(Date.parse(firing.slot)).toBeGreaterThanOrEqual(dueAt - 4_000);
      // A window that began with the new start would not be full before.
      expect(Date.parse(firing.slot)).toBeLessThan(answersAt + 12_000);
      const decision = await stage.first("decision.made");
      const samples = decision.evidence.find(({ trigger }) => trigger === "error-rate")?.samples ?? [];
      expect(samples).toHaveLength(13);
      expect(samples.at(0)?.at).toBeLessThan(answersAt);
      expect(samples.filter((sample) => "unknown" in sample)).toEqual([]);
      await expectOneRollback(stage);
    },
  );

  it.concurrent(
    "trap 20: between the intent and the act: the act is done after the start",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const { stage, gate, env } = await stageBehindGate(kubeconfig, onTestFinished);
      const daemon = await stage.start(env);
      await settled(daemon);
      const held = gate.holdDeploymentPatch("before");
      await stage.world.release("vcci-api:v2");
      await held;
      await daemon.kill();
      expect(acts(gate)).toBe(0);
      expect(await stage.all("rollback.started")).toHaveLength(1);

      await stage.start(env);
      await expectOneRollback(stage);
      expect(acts(gate)).toBe(1);
    },
  );

  it.concurrent(
    "trap 20: between the act and its record: it is found done, and not done again",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const { stage, gate, env } = await stageBehindGate(kubeconfig, onTestFinished);
      const daemon = await stage.start(env);
      await settled(daemon);
      const held = gate.holdDeploymentPatch("after");
      await stage.world.release("vcci-api:v2");
      await held;
      await daemon.kill();
      expect(acts(gate)).toBe(1);
      expect(await stage.all("rollback.applied")).toHaveLength(0);

      await stage.start(env);
      await expectOneRollback(stage);
      expect(acts(gate)).toBe(1);
    },
  );

  it.concurrent(
    "trap 20: after the act, before it is verified: it is verified after the start",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const { stage, gate, env } = await stageBehindGate(kubeconfig, onTestFinished);
      const daemon = await stage.start(env);
      await settled(daemon);
      await stage.world.release("vcci-api:v2");
      await stage.first("rollback.applied");
      await daemon.kill();
      expect(await stage.all("rollback.verified")).toHaveLength(0);

      await stage.start(env);
      await expectOneRollback(stage);
      expect(acts(gate)).toBe(1);
    },
  );

  it.concurrent(
    "trap 21: a fix that is shipped between decision and act is not undone",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const { stage, gate, env } = await stageBehindGate(kubeconfig, onTestFinished);
      await settled(await stage.start(env));
      const held = gate.holdDeploymentPatch("before");
      await stage.world.release("vcci-api:v2");
      const { release } = await held;
      await stage.world.release("vcci-api:v3");
      release();

      expect(await stage.first("rollback.failed")).toMatchObject({ reason: "superseded" });
      expect(acts(gate)).toBe(0);
      await stage.world.rolledOut(60);
      expect(await deploymentNow(stage.world)).toMatchObject({
        image: "vcci-api:v3",
        revision: "3",
        rollbacks: [],
      });
      // A scrape missed while the pods change makes it unknown in between, which is not our subject.
      await stage.first(
        "trigger.resolved",
        ({ trigger, release }) => trigger === "error-rate" && release?.endsWith("@3") === true,
      );
      await eventually(
        "the page is resolved",
        () => expect(stage.pages().at(-1)?.action).toBe("resolve"),
        PATIENCE,
      );
    },
  );
});
