import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { STANDING } from "../../src/kubernetes/annotations.ts";
import type { ControllerRevision, KubeList } from "../../src/kubernetes/objects.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { statefulSet } from "../cluster/statefulset.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { accountOf } from "./account.ts";
import { createStage, settled, TIMEOUT_MS, usersGet } from "./stage.ts";

describeOnCluster("a bad release of a StatefulSet", (kubeconfig) => {
  it(
    "is rolled back, verified, told and logged, with the rights of deploy/ alone",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const folder = temporaryFolder();
      onTestFinished(folder.remove);
      const namespace = `statefulset-${randomUUID().slice(0, 8)}`;
      const stage = await createStage({
        kubeconfig,
        namespace,
        replicas: 0,
        forSeconds: 4,
        override: {
          target: { namespace, statefulsets: ["db"] },
          rollback: { strategy: "statefulset", timeout: "60s", verify: { recovery: "60s" } },
        },
      });
      onTestFinished(stage.stop);
      const { world } = stage;
      const apps = `/apis/apps/v1/namespaces/${namespace}`;
      await world.api.create(
        `${apps}/statefulsets`,
        statefulSet("db", "vcci-api:v1", { app: "vcci-api", replicas: 1 }),
      );
      await world.kubectl("rollout", "status", "statefulset/db", "--timeout=60s");
      const daemon = await stage.start({ KUBECONFIG: await accountOf(stage, folder.path) });
      await settled(daemon);
      await world.kubectl("set", "image", "statefulset/db", "api=vcci-api:v2");

      const verified = await stage.first("rollback.verified");
      expect(verified.detail).toMatch(/^\S.* runs again instead of .*, and every check passed$/u);
      await usersGet(stage, "vcci-api:v1");
      const [started, ...others] = await stage.all("rollback.started");
      expect(others).toEqual([]);
      expect(started).toMatchObject({ strategy: "statefulset", target: `${namespace}/statefulset/db` });
      const key = `rollbackd/${started?.target}/${started?.target}@2`;
      await stage.paged([
        { action: "trigger", key },
        { action: "resolve", key },
      ]);
      const last = (await stage.all("release.observed")).at(-1);
      expect(last).toMatchObject({ revision: "3", cause: "rollback" });
      const { items } = await world.api.get<KubeList<ControllerRevision>>(`${apps}/controllerrevisions`);
      const bad = items.find(({ revision }) => revision === 2);
      expect(bad?.metadata.annotations?.[STANDING]).toMatch(/^quarantined:/u);
      expect(daemon.output()).not.toMatch(/forbidden|could not be written/iu);
    },
  );
});
