import { expect, it } from "vitest";
import type { Deployment } from "../../src/kubernetes/objects.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { startFor } from "./alice.ts";
import { createStage, settled, TIMEOUT_MS, usersGet } from "./stage.ts";

describeOnCluster("a bad release that is paused in mid-rollout", (kubeconfig) => {
  it(
    "is left alone by automation, put back by hand with the pause kept, and resumed with the command that is named then",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const stage = await createStage({ kubeconfig, replicas: 4, forSeconds: 4 });
      onTestFinished(stage.stop);
      const { world } = stage;
      const { daemon, alice } = await startFor(stage);
      await settled(daemon);
      await world.release("vcci-api:v2");
      await eventually("the first pod of the release is there", () =>
        expect(world.kubelet.pods().flatMap(({ images }) => images)).toContain("vcci-api:v2"),
      );
      await world.kubectl("rollout", "pause", "deployment/vcci-api");

      const held = await stage.first("decision.made", ({ decision }) => decision === "escalate");
      expect(held).toMatchObject({ reason: "target-not-ready" });
      expect(held.summary).toContain("rollbackd rollback vcci-api --reason other");
      expect(held.summary).not.toContain("resume");
      const planned = await alice("rollback", "vcci-api", "--reason", "other", "--dry-run");
      expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining("is paused and stays so") });
      expect(planned.stdout).not.toContain("rollout resume");

      expect(await alice("rollback", "vcci-api", "--reason", "other", "--yes")).toMatchObject({ code: 0 });
      const failed = await stage.first("rollback.failed");
      expect(failed.reason).toBe("rollout-blocked");
      const resume = `kubectl -n ${world.namespace} rollout resume deployment/vcci-api`;
      expect(failed.detail).toContain(resume);
      const { spec } = await world.api.get<Deployment>(
        `/apis/apps/v1/namespaces/${world.namespace}/deployments/vcci-api`,
      );
      expect(spec.paused).toBe(true);
      expect(spec.template.spec.containers[0]?.image).toBe("vcci-api:v1");
      await world.kubectl("rollout", "resume", "deployment/vcci-api");
      await usersGet(stage, "vcci-api:v1");
      expect(await stage.all("rollback.started")).toHaveLength(1);
    },
  );
});
