import { afterAll, beforeAll, expect, it } from "vitest";
import { kubeApi, type KubeApi } from "../../src/kubernetes/api.ts";
import { connect, type Connection } from "../../src/kubernetes/connect.ts";
import { follow, type FollowStatus } from "../../src/kubernetes/follow.ts";
import { connect as connectAsHarness, type Api } from "../cluster/api.ts";
import { startControlPlane, type ControlPlane } from "../cluster/control-plane.ts";
import { describeOnOwnControlPlane } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";

const PODS = "/api/v1/namespaces/default/pods";

describeOnOwnControlPlane("what etcd has forgotten cannot be watched", () => {
  let plane: ControlPlane;
  let harness: Api;
  let connection: Connection;
  beforeAll(async () => {
    // The API server's own cache would go on from versions that etcd has forgotten.
    plane = await startControlPlane({ apiServerFlags: ["--watch-cache=false"] });
    harness = connectAsHarness(plane.kubeconfig);
    connection = await connect(plane.kubeconfig);
  });
  afterAll(async () => {
    await connection.close();
    await harness.close();
    await plane.stop();
  });

  const createPod = (name: string) => harness.create(PODS, podNamed(name));

  it("a watch that is resumed from before a compaction (410 Gone) lists again, in silence, and goes on", async () => {
    const statuses: FollowStatus[] = [];
    const told = wiretapped(kubeApi(connection));
    await createPod("first");
    const followed = follow({
      api: told.api,
      ref: { group: "", resource: "pods", namespace: "default" },
      selection: {},
      onChange: () => undefined,
      onStatus: (status) => statuses.push(status),
      now: Date.now,
      pace: { minBackoffMs: 10, maxBackoffMs: 50, watchSeconds: 1, idleMs: 30_000 },
    });
    const names = () => followed.items()?.map(({ metadata }) => metadata.name);
    try {
      await eventually("the first", () => expect(names()).toEqual(["first"]));
      // Others write, the Pods stay as they are: their watch still stands at its first version when etcd forgets it.
      for (const name of ["one", "two"]) {
        await harness.create("/api/v1/namespaces", { metadata: { name } });
      }
      await plane.compact();
      await eventually("the version is gone", () => expect(told.errors).toEqual(["gone"]));
      await createPod("second");
      await eventually("both", () => expect(names()).toEqual(["first", "second"]));
      expect(told.lists()).toBe(2);
      expect(statuses.map(({ state }) => state)).toEqual(["synced"]);
    } finally {
      await followed.stop();
    }
  });
});

/** The same port, with a memory of its lists and of how watches broke. */
function wiretapped(api: KubeApi) {
  const errors: unknown[] = [];
  let lists = 0;
  const tapped: KubeApi = {
    ...api,
    list: (...args) => {
      lists += 1;
      return api.list(...args);
    },
    watch: async function* (...args) {
      try {
        yield* api.watch(...args);
      } catch (error) {
        errors.push((error as { readonly kind?: unknown }).kind);
        throw error;
      }
    },
  };
  return { api: tapped, errors, lists: () => lists };
}

function podNamed(name: string): object {
  return { metadata: { name }, spec: { containers: [{ name: "api", image: "vcci-api:v1" }] } };
}
