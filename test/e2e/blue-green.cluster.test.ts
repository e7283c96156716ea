import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Service } from "../../src/kubernetes/objects.ts";
import { vcciApiDeployment } from "../cluster/deployment.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { accountOf } from "./account.ts";
import { type Alice, startFor } from "./alice.ts";
import { replicaSetStandings } from "./cluster-state.ts";
import { shortened } from "./policy.ts";
import { createStage, PATIENCE, settled, type Stage, TIMEOUT_MS } from "./stage.ts";

describeOnCluster("a bad release of a blue/green Service", (kubeconfig) => {
  it(
    "is rolled back to the other colour, which had no pods any more, with the rights of deploy/ alone; a person can do the same; a policy on one of its colours is found out",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const folder = temporaryFolder();
      onTestFinished(folder.remove);
      const namespace = `colors-${randomUUID().slice(0, 8)}`;
      const target = {
        namespace,
        service: "vcci-api",
        colors: { label: "color", values: ["blue", "green"] },
      };
      const rollback = { strategy: "blue-green", timeout: "60s", verify: { recovery: "60s" } };
      let live = "blue";
      const stage = await createStage({
        kubeconfig,
        namespace,
        replicas: 1,
        forSeconds: 4,
        labels: { color: "blue" },
        serves: ({ labels }) => labels["color"] === live,
        override: { target, rollback },
      });
      onTestFinished(stage.stop);
      const { world } = stage;
      const service = () => world.api.get<Service>(`/api/v1/namespaces/${namespace}/services/vcci-api`);
      await createColors(stage);
      // In the place of kube-proxy.
      const following = setInterval(() => {
        void service().then(
          ({ spec }) => (live = spec.selector?.["color"] ?? ""),
          () => undefined,
        );
      }, 100);
      onTestFinished(() => clearInterval(following));

      const { daemon, alice } = await startFor(stage, { KUBECONFIG: await accountOf(stage, folder.path) });
      await settled(daemon);
      await switchTo(stage, "green");
      await world.kubectl("scale", "deployment/vcci-api", "--replicas=0");

      const verified = await stage.first("rollback.verified");
      expect(verified.detail).toMatch(/^\S.* runs again instead of .*, and every check passed$/u);
      const { spec, metadata } = await service();
      expect(spec.selector).toEqual({ app: "vcci-api", color: "blue" });
      expect(metadata.annotations).toMatchObject({ "rollbackd.io/decision": verified.decisionId });
      const [started, ...others] = await stage.all("rollback.started");
      expect(others).toEqual([]);
      expect(started).toMatchObject({ strategy: "blue-green", target: `${namespace}/service/vcci-api` });
      const [decision] = await stage.all("decision.made");
      expect(decision?.byHand).toBe(
        `kubectl -n ${namespace} scale deployment/vcci-api --replicas=1 && ` +
          `kubectl -n ${namespace} rollout status deployment/vcci-api --timeout=10m && ` +
          `kubectl -n ${namespace} patch service vcci-api --type merge --patch '{"spec":{"selector":{"color":"blue"}}}'`,
      );
      const key = `rollbackd/${started?.target}/${started?.target}@green:1`;
      await stage.paged([
        { action: "trigger", key },
        { action: "resolve", key },
      ]);
      const last = (await stage.all("release.observed")).at(-1);
      expect(last).toMatchObject({ revision: "blue:1", cause: "rollback" });
      expect((await replicaSetStandings(world))["vcci-api:v2"]).toMatch(/^quarantined:/u);

      await shipFix(stage);
      await settled(daemon);
      await rolledBackBy(alice, stage);
      expect((await service()).spec.selector).toMatchObject({ color: "blue" });

      nameColor(stage);
      await eventually(
        "it is unready for two policies on one Deployment",
        async () => {
          const { status, text } = await daemon.ready();
          expect(status).toBe(503);
          expect(text).toContain(`namer acts on the Deployment ${namespace}/vcci-api-green`);
        },
        PATIENCE,
      );
      expect(daemon.output()).not.toMatch(/forbidden|could not be written/iu);
    },
  );
});

/** A Service that selects the world's own Deployment, and a bad version in the other colour. */
async function createColors({ world: { api, namespace, kubectl } }: Stage): Promise<void> {
  await api.create(`/api/v1/namespaces/${namespace}/services`, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "vcci-api" },
    spec: { selector: { app: "vcci-api", color: "blue" }, ports: [{ port: 8000 }] },
  });
  const labels = { app: "vcci-api", color: "green" };
  const green = vcciApiDeployment({ name: "vcci-api-green", labels, image: "vcci-api:v2", replicas: 1 });
  await api.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, green);
  await kubectl("rollout", "status", "deployment/vcci-api-green", "--timeout=60s");
}

async function switchTo({ world }: Stage, color: string): Promise<void> {
  const selector = JSON.stringify({ spec: { selector: { color } } });
  await world.kubectl("patch", "service/vcci-api", "--patch", selector);
}

/** By the colour that is not live, as every release. */
async function shipFix(stage: Stage): Promise<void> {
  const { kubectl } = stage.world;
  await kubectl("set", "image", "deployment/vcci-api-green", "*=vcci-api:v3");
  await kubectl("rollout", "status", "deployment/vcci-api-green", "--timeout=60s");
  await switchTo(stage, "green");
  await stage.first("release.observed", ({ revision }) => revision === "green:2");
}

/** A second policy, which acts on what the first has as a colour. */
function nameColor({ world: { namespace, service }, dataDir }: Stage): void {
  const target = { namespace, deployments: ["vcci-api-green"] };
  const namer = shortened({ namespace, serviceUrl: service.url, override: { name: "namer", target } });
  writeFileSync(join(dataDir, "../rules/namer.yaml"), namer);
}

async function rolledBackBy(alice: Alice, stage: Stage): Promise<void> {
  const wanted = ["rollback", "vcci-api", "--reason", "stakeholder-decision"];
  const plan = await alice(...wanted, "--dry-run");
  expect(plan).toMatchObject({ code: 0, stderr: "" });
  expect(plan.stdout).toMatch(/^From +green:2 .*vcci-api:v3\nTo +blue:1 .*vcci-api:v1$/mu);
  expect(await stage.all("operator.rollback")).toEqual([]);
  expect(await alice(...wanted, "--yes")).toMatchObject({ code: 0, stderr: "" });
  const { decisionId, target } = await stage.first("operator.rollback");
  const verified = await stage.first("rollback.verified", (record) => record.decisionId === decisionId);
  expect(verified.detail).toMatch(/^\S.* runs again instead of .*, and every check passed$/u);
  const key = `rollbackd/${target}/${target}@green:2`;
  await eventually(
    "she is told of its end",
    () => {
      const own = stage.pages().filter((page) => page.key === key);
      expect(own.map(({ action }) => action)).toEqual(["trigger", "resolve"]);
    },
    PATIENCE,
  );
}
