import { expect, it } from "vitest";
import { describeOnCluster } from "../cluster/shared.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startApiGate } from "./api-gate.ts";
import { deploymentNow } from "./cluster-state.ts";
import { createStage, settled, TIMEOUT_MS, usersGet } from "./stage.ts";

const override = { triggers: [{ name: "rollout", rollout: "stalled" }] };

describeOnCluster("a release whose pods never get ready", (kubeconfig) => {
  const setting = { kubeconfig, override, replicas: 1, progressDeadlineSeconds: 15 } as const;

  it.concurrent(
    "trap 38: is rolled back when the cluster gives up on it, and that is verified",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const stage = await createStage(setting);
      onTestFinished(stage.stop);
      const { world } = stage;
      await settled(await stage.start());
      await world.release("vcci-api:v2-never-ready");
      const decision = await stage.first("decision.made");
      expect(decision).toMatchObject({
        decision: "rollback",
        trigger: "rollout",
        from: { revision: "2" },
        to: { revision: "1" },
        evidence: [{ query: "rollout", threshold: "stalled", samples: [{ value: 1 }] }],
      });
      expect(decision.summary).toMatch(
        /^rollout: the rollout has been stalled since (\S+ )?\S+Z \(1 of 1 pods updated, 1 available, 1 old still there, stalled: ReplicaSet "\S+" has timed out progressing\)\. Rolling back/,
      );
      const { steps } = await stage.first("rollback.verified");
      expect(steps.join("\n")).toMatch(/rollout recovered, inactive at/);
      expect(await deploymentNow(world)).toMatchObject({ image: "vcci-api:v1", revision: "3" });
      // Users never had another.
      await usersGet(stage, "vcci-api:v1");
      const key = `rollbackd/${decision.target}/${decision.target}@2`;
      await stage.paged([
        { action: "trigger", key },
        { action: "resolve", key },
      ]);
      expect(await stage.all("decision.made")).toHaveLength(1);
    },
  );

  it.concurrent(
    "trap 42: an autoscaler that scales between the last look and the change keeps its number",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const folder = temporaryFolder();
      onTestFinished(folder.remove);
      const gate = await startApiGate(kubeconfig, folder.path);
      onTestFinished(gate.close);
      const stage = await createStage(setting);
      onTestFinished(stage.stop);
      const { world } = stage;
      await settled(await stage.start({ KUBECONFIG: gate.kubeconfig }));
      const arrived = gate.holdDeploymentPatch("before");
      await world.release("vcci-api:v2-never-ready");
      const held = await arrived;
      await world.kubectl("scale", "deployment/vcci-api", "--replicas=3");
      held.release();
      await stage.first("rollback.verified");
      const patches = gate.passed.filter(
        ({ method, path }) => method === "PATCH" && path.includes("/deployments/"),
      );
      // The controller writes the Deployment as well, so more than one attempt may come too late; one is accepted.
      expect(patches.map(({ status }) => status).join(" ")).toMatch(/^(422 )+200$/u);
      expect(await deploymentNow(world)).toMatchObject({ image: "vcci-api:v1", revision: "3" });
      expect(await world.kubectl("get", "deployment/vcci-api", "-o", "jsonpath={.spec.replicas}")).toBe("3");
      // Scaling restarts the controller's clock: the release may not count as stalled for a moment, which ends the tries.
      for (const failed of await stage.all("rollback.failed")) {
        expect(failed).toMatchObject({ reason: "not-confirmed", changed: false });
      }
      expect(await stage.all("rollback.applied")).toHaveLength(1);
    },
  );
});
