import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, type TestContext } from "vitest";
import { readLog } from "../../src/log/reader.ts";
import type { LogRecord } from "../../src/log/record.ts";
import { connect } from "../cluster/api.ts";
import { grant } from "../cluster/grant.ts";
import { createServiceAccount } from "../cluster/namespace.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startFor } from "./alice.ts";
import { startApiGate } from "./api-gate.ts";
import { deploymentNow } from "./cluster-state.ts";
import { createStage, evaluatedFor, PATIENCE, settled, type Stage, TIMEOUT_MS } from "./stage.ts";

const BUSY = {
  status: 429,
  headers: { "retry-after": "1" },
  message: "too many requests, please try again later",
};
const DENIED = {
  status: 403,
  message: 'deployments.apps "vcci-api" is forbidden: User "watcher" cannot patch resource "deployments"',
};

async function behindGate(
  kubeconfig: string,
  onTestFinished: TestContext["onTestFinished"],
  override: Readonly<Record<string, unknown>> = {},
) {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const gate = await startApiGate(kubeconfig, folder.path);
  onTestFinished(gate.close);
  const stage = await createStage({ kubeconfig, replicas: 1, forSeconds: 4, override });
  onTestFinished(stage.stop);
  const env = { KUBECONFIG: gate.kubeconfig };
  return { stage, gate, env, folder: folder.path };
}

async function expectOneDecision(stage: Stage): Promise<void> {
  await stage.first("rollback.verified");
  expect(await stage.all("rollback.started")).toHaveLength(1);
  expect(await stage.all("rollback.failed")).toEqual([]);
  expect(await deploymentNow(stage.world)).toMatchObject({ image: "vcci-api:v1", revision: "3" });
}

const tried = ({ passed }: Awaited<ReturnType<typeof startApiGate>>): number =>
  passed.filter(({ method, path }) => method === "PATCH" && path.includes("/deployments/")).length;

describeOnCluster("a rollback that does not get through at once", (kubeconfig) => {
  it.concurrent(
    "is made as one decision when the API server answers 429 for five seconds",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const { stage, gate, env } = await behindGate(kubeconfig, onTestFinished);
      await settled(await stage.start(env));
      const over = gate.answerDeploymentPatches(BUSY);
      await stage.world.release("vcci-api:v2");
      await eventually("it is tried", () => expect(tried(gate)).toBeGreaterThan(0), PATIENCE);
      await sleep(5_000);
      over();
      await expectOneDecision(stage);
      expect(await stage.all("rollback.retrying")).toEqual([]);
    },
  );

  it.concurrent(
    "is made as one decision when the API server is away for twelve seconds",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const { stage, gate, env } = await behindGate(kubeconfig, onTestFinished);
      await settled(await stage.start(env));
      const held = gate.holdDeploymentPatch("before");
      await stage.world.release("vcci-api:v2");
      await held;
      const open = gate.shut();
      await sleep(12_000);
      open();
      await expectOneDecision(stage);
      expect(await stage.all("rollback.retrying")).toEqual([]);
    },
  );

  it.concurrent(
    "pages once at once when the right to patch is missing, and is made when it is granted",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const folder = temporaryFolder();
      onTestFinished(folder.remove);
      const stage = await createStage({ kubeconfig, replicas: 1, forSeconds: 4 });
      onTestFinished(stage.stop);
      const { namespace, kubectl } = stage.world;
      const api = connect(kubeconfig);
      const account = { namespace, name: "reader", dir: folder.path };
      const reader = await createServiceAccount(api, kubeconfig, account);
      await api.close();
      const resources = ["deployments.apps", "replicasets.apps", "pods", "configmaps", "secrets"] as const;
      await grant(kubectl, {
        namespace,
        account: "reader",
        role: "reader",
        verbs: ["get", "list", "watch"],
        resources,
      });
      await settled(await stage.start({ KUBECONFIG: reader }));
      await stage.world.release("vcci-api:v2");
      const retrying = await stage.first("rollback.retrying");
      expect(retrying.reason).toBe("forbidden");
      expect(retrying.detail).toMatch(/cannot patch resource .*1 try since .*: 1 answered 403\./u);
      await grant(kubectl, {
        namespace,
        account: "reader",
        role: "patcher",
        verbs: ["patch"],
        resources: ["deployments.apps", "replicasets.apps"],
      });
      await expectOneDecision(stage);
      expect(await stage.all("rollback.retrying")).toHaveLength(1);
      const pages = stage.pages().filter(({ key }) => key.includes("/retrying/"));
      expect(pages).toMatchObject([
        { action: "trigger", summary: expect.stringContaining("does not get through") as string },
        { action: "resolve" },
      ]);
    },
  );

  it.concurrent(
    "is gone on with after a kill between two tries, as the same decision",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const { stage, gate, env } = await behindGate(kubeconfig, onTestFinished);
      const daemon = await stage.start(env);
      await settled(daemon);
      const over = gate.answerDeploymentPatches(DENIED);
      await stage.world.release("vcci-api:v2");
      await stage.first("rollback.retrying");
      await daemon.kill();
      await stage.start(env);
      over();
      await expectOneDecision(stage);
      expect(await stage.all("rollback.retrying")).toHaveLength(1);
    },
  );

  it.concurrent(
    "ends unchanged when a person freezes automation between two tries, and is made after the freeze",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const { stage, gate, env } = await behindGate(kubeconfig, onTestFinished);
      const { daemon, alice } = await startFor(stage, env);
      await settled(daemon);
      const over = gate.answerDeploymentPatches(BUSY);
      await stage.world.release("vcci-api:v2");
      await eventually("it is tried", () => expect(tried(gate)).toBeGreaterThan(0), PATIENCE);
      expect(await alice("freeze", "vcci-api", "--for", "1h")).toMatchObject({ code: 0 });
      expect(await stage.first("rollback.failed")).toMatchObject({ reason: "frozen", changed: false });
      over();
      await evaluatedFor(daemon, 3);
      expect(await deploymentNow(stage.world)).toMatchObject({ image: "vcci-api:v2" });
      expect(await alice("resume", "vcci-api")).toMatchObject({ code: 0 });
      await stage.first("rollback.verified");
    },
  );

  it.concurrent(
    "ends unchanged when a fix is shipped between two tries",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const { stage, gate, env } = await behindGate(kubeconfig, onTestFinished);
      await settled(await stage.start(env));
      const over = gate.answerDeploymentPatches(BUSY);
      await stage.world.release("vcci-api:v2");
      await eventually("it is tried", () => expect(tried(gate)).toBeGreaterThan(0), PATIENCE);
      await stage.world.release("vcci-api:v3");
      over();
      expect(await stage.first("rollback.failed")).toMatchObject({ changed: false });
      await stage.world.rolledOut(60);
      expect(await deploymentNow(stage.world)).toMatchObject({ image: "vcci-api:v3", rollbacks: [] });
    },
  );

  it.concurrent(
    "is one decision without a cooldown when the right stays missing, and ends at rollback.timeout",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const rollback = { strategy: "deployment", timeout: "8s", verify: { recovery: "60s" } };
      const { stage, gate, env } = await behindGate(kubeconfig, onTestFinished, { cooldown: "0s", rollback });
      const daemon = await stage.start(env);
      await settled(daemon);
      gate.answerDeploymentPatches(DENIED);
      await stage.world.release("vcci-api:v2");
      const failed = await stage.first("rollback.failed");
      expect(failed).toMatchObject({ reason: "forbidden", changed: false, gaveUp: true });
      expect(failed.detail).toMatch(/\d+ tries since .*: \d+ answered 403\./u);
      await evaluatedFor(daemon, 20);
      const decided = await stage.all("decision.made");
      expect(decided.filter(({ decision }) => decision === "rollback")).toHaveLength(1);
      expect(await stage.all("rollback.started")).toHaveLength(1);
      const critical = stage.pages().filter(({ key }) => key.endsWith(`/failed/${failed.decisionId}`));
      expect(critical).toHaveLength(1);
    },
  );
});

describeOnCluster("two daemons with data folders of their own", (kubeconfig) => {
  it.concurrent(
    "roll back once, and the one that comes second calls no person and resolves nothing",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const stage = await createStage({ kubeconfig, replicas: 1, forSeconds: 4 });
      onTestFinished(stage.stop);
      const folder = temporaryFolder();
      onTestFinished(folder.remove);
      const first = await stage.start();
      const second = await stage.start({ ROLLBACKD_DATA_DIR: folder.path });
      await Promise.all([settled(first), settled(second)]);
      await stage.world.release("vcci-api:v2");
      const logs = async (): Promise<readonly LogRecord[]> => {
        const other: LogRecord[] = [];
        for await (const record of readLog(join(folder.path, "decisions"))) other.push(record);
        return [...(await stage.records()), ...other];
      };
      const verified = await eventually(
        "one of them verifies",
        async () => {
          const found = (await logs()).filter(({ type }) => type === "rollback.verified");
          expect(found).toHaveLength(1);
          return found[0];
        },
        PATIENCE,
      );
      await Promise.all([evaluatedFor(first, 5), evaluatedFor(second, 5)]);
      const all = await logs();
      const ended = all.filter(({ type }) => type === "rollback.failed");
      expect(ended.every((record) => "peer" in record && record.peer !== undefined)).toBe(true);
      expect((await deploymentNow(stage.world)).rollbacks).toHaveLength(1);
      const summaries = stage.pages().map(({ summary }) => summary);
      expect(summaries.filter((text) => /needs you|changed by/u.test(text))).toEqual([]);
      const resolves = stage.pages().filter(({ action }) => action === "resolve");
      expect(resolves.length).toBeLessThanOrEqual(1);
      expect(verified).toBeDefined();
    },
  );
});
