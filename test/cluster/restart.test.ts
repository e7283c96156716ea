import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { describeOnOwnControlPlane } from "./shared.ts";
import { createWorld, type World } from "./world.ts";

describeOnOwnControlPlane("a control plane of one's own", () => {
  let plane: ControlPlane;
  let world: World;
  beforeAll(async () => {
    plane = await startControlPlane();
    world = await createWorld({ kubeconfig: plane.kubeconfig });
    await world.rolledOut();
  });
  afterAll(async () => {
    await world.stop();
    await plane.stop();
  });

  it("while the API server restarts Pods run on, and releases go on after it", async () => {
    const before = world.kubelet.pods().map(({ pids }) => pids);
    const { ok, lost } = world.traffic.counts();
    const programs = plane.pids;
    const startAgain = await plane.stopApiServer();
    await eventually("the kubelet notices", () => expect(world.kubelet.trouble()).toBeDefined());
    await startAgain();
    expect(plane.pids).not.toEqual(programs);
    expect(world.kubelet.pods().map(({ pids }) => pids)).toEqual(before);
    expect(world.traffic.counts()).toMatchObject({ errors: 0, lost });
    await eventually("users are served", () => expect(world.traffic.counts().ok).toBeGreaterThan(ok));

    await world.release("vcci-api:v3");
    await world.rolledOut();
    await eventually("users get v3", () => expect(world.servedImages()).toEqual(["vcci-api:v3"]));
  });

  it("a frozen API server takes connections and answers nobody until it is thawed", async () => {
    const thaw = plane.freezeApiServer();
    try {
      await expect(world.kubectl("get", "pods", "--request-timeout=1s")).rejects.toThrow(
        /deadline exceeded|timeout/i,
      );
    } finally {
      thaw();
    }
    expect(await world.kubectl("get", "pods", "--request-timeout=25s")).toContain("Running");
  });
});
