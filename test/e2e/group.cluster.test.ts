import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { vcciApiDeployment } from "../cluster/deployment.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startApiGate } from "./api-gate.ts";
import { replicaSetStandings } from "./cluster-state.ts";
import { createStage, settled, TIMEOUT_MS, usersGet } from "./stage.ts";

const MEMBERS = ["vcci-worker", "vcci-api"];

describeOnCluster("a bad release of a group", (kubeconfig) => {
  it(
    "trap 25: is rolled back whole, though the daemon is killed between two members",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const folder = temporaryFolder();
      onTestFinished(folder.remove);
      const gate = await startApiGate(kubeconfig, folder.path);
      onTestFinished(gate.close);
      const namespace = `group-${randomUUID().slice(0, 8)}`;
      const target = { namespace, deployments: MEMBERS };
      const options = { kubeconfig, namespace, replicas: 1, forSeconds: 4 } as const;
      const stage = await createStage({ ...options, override: { target } });
      onTestFinished(stage.stop);
      const { world } = stage;
      const worker = vcciApiDeployment({ name: "vcci-worker", image: "vcci-api:v1", replicas: 1 });
      await world.api.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, worker);
      const rolledOut = (name: string) =>
        world.kubectl("rollout", "status", `deployment/${name}`, "--timeout=60s");
      const images = () =>
        Promise.all(
          MEMBERS.map((name) =>
            world.kubectl(
              "get",
              `deployment/${name}`,
              "-o",
              "jsonpath={.spec.template.spec.containers[0].image}",
            ),
          ),
        );
      await rolledOut("vcci-worker");
      const env = { KUBECONFIG: gate.kubeconfig };
      const daemon = await stage.start(env);
      await settled(daemon);

      const held = gate.holdDeploymentPatch("after");
      await world.kubectl("set", "image", ...MEMBERS.map((name) => `deployment/${name}`), "api=vcci-api:v2");
      await held;
      await daemon.kill();
      expect(await images()).toEqual(["vcci-api:v1", "vcci-api:v2"]);
      expect(await stage.all("rollback.applied")).toEqual([]);

      await stage.start(env);
      const verified = await stage.first("rollback.verified");
      expect(await images()).toEqual(["vcci-api:v1", "vcci-api:v1"]);
      await usersGet(stage, "vcci-api:v1");
      const [started, ...others] = await stage.all("rollback.started");
      expect(others).toEqual([]);
      expect(started).toMatchObject({
        decisionId: verified.decisionId,
        target: `${namespace}/vcci-api+vcci-worker`,
        from: { revision: "vcci-api:2,vcci-worker:2", members: { "vcci-api": { name: "2" } } },
        to: { revision: "vcci-api:1,vcci-worker:1", members: { "vcci-worker": { name: "1" } } },
      });
      const key = `rollbackd/${started?.target}/${started?.target}@vcci-api:2,vcci-worker:2`;
      await stage.paged([
        { action: "trigger", key },
        { action: "resolve", key },
      ]);
      const last = (await stage.all("release.observed")).at(-1);
      expect(last).toMatchObject({ revision: "vcci-api:3,vcci-worker:3", cause: "rollback" });
      const marks = await replicaSetStandings(world);
      expect(marks["vcci-api:v2"]).toMatch(/^quarantined:/u);
    },
  );
});
