import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { describeOnCluster } from "./shared.ts";
import { createWorld, type World } from "./world.ts";

describeOnCluster("the world in which releases happen", (kubeconfig) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ kubeconfig });
    await world.rolledOut();
  });
  afterAll(() => world.stop());

  it("v1 is available with two Pods on addresses of their own", async () => {
    expect(world.servedImages()).toEqual(["vcci-api:v1"]);
    expect(new Set(world.kubelet.pods().map(({ ip }) => ip)).size).toBe(2);
    await eventually("traffic", () => expect(world.traffic.counts().ok).toBeGreaterThan(20));
  });
});
