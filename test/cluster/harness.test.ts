import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { describeOnCluster } from "./shared.ts";
import { createWorld, type World } from "./world.ts";

interface PodObject {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses: readonly {
      readonly restartCount: number;
      readonly ready: boolean;
      readonly state: { readonly waiting?: { readonly reason: string; readonly message: string } };
    }[];
  };
}

const SHARE_OF_ERRORS =
  'sum(rate(http_requests_total{app="vcci-api",status=~"5.."}[5s])) / sum(rate(http_requests_total{app="vcci-api"}[5s]))';
const P95 =
  'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{app="vcci-api"}[5s])))';

describeOnCluster("the world in which releases happen", (kubeconfig) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ kubeconfig });
  });
  beforeEach(() => backToV1());
  afterAll(() => world.stop());

  const backToV1 = async (): Promise<void> => {
    await world.release("vcci-api:v1");
    await world.rolledOut();
    await eventually("only v1 is left", () => {
      expect(world.kubelet.pods().map(({ images }) => images)).toEqual([["vcci-api:v1"], ["vcci-api:v1"]]);
    });
  };
  const usersGet = (image: string): Promise<void> =>
    eventually(`users get ${image}`, () => expect(world.servedImages()).toEqual([image]));
  const measures = (expr: string, matches: (value: number) => boolean): Promise<void> =>
    eventually(`${expr} as expected`, async () => {
      const value = await world.measure(expr);
      expect(value).toSatisfy((found: number | undefined) => found !== undefined && matches(found));
    });
  /** The waiting reasons of the Pods that are not ready, as the API server has them. */
  const waiting = async (): Promise<readonly string[]> => {
    const pods = await world.api.get<{ items: PodObject[] }>(`/api/v1/namespaces/${world.namespace}/pods`);
    return pods.items.flatMap(({ status }) =>
      (status.containerStatuses ?? []).flatMap(({ state }) =>
        state.waiting === undefined ? [] : [`${state.waiting.reason}: ${state.waiting.message}`],
      ),
    );
  };

  it("v1 is available: two Pods on addresses of their own, seen by users and by Prometheus", async () => {
    const ips = world.kubelet.pods().map(({ ip }) => ip);
    expect(new Set(ips).size).toBe(2);
    await measures('sum(up{app="vcci-api"})', (up) => up === 2);
    await measures(SHARE_OF_ERRORS, (share) => share === 0);
    await measures(P95, (seconds) => seconds < 1);
    expect(await (await fetch(`${world.service.url}/health/ready`)).text()).toBe("ready\n");
    expect(world.traffic.counts()).toMatchObject({ errors: 0 });
  });

  it("a bad image rolls out, errors rise in Prometheus, and undo ends them", async () => {
    await world.release("vcci-api:v2");
    await world.rolledOut();
    expect(await world.kubectl("rollout", "history", "deployment/vcci-api")).toContain("2");
    await usersGet("vcci-api:v2");
    await measures(SHARE_OF_ERRORS, (share) => share > 0.2 && share < 0.3);
    await measures('count by (version) (app_build_info{app="vcci-api"})', (pods) => pods === 2);

    await world.kubectl("rollout", "undo", "deployment/vcci-api");
    await world.rolledOut();
    await measures(SHARE_OF_ERRORS, (share) => share === 0);
  });

  it("a slow image lifts the P95 over two seconds, with a bounded number of requests under way", async () => {
    await world.release("vcci-api:v2-slow");
    await world.rolledOut();
    await usersGet("vcci-api:v2-slow");
    // Whoever asked a Pod in the moment of its end may have got no answer.
    const { lost } = world.traffic.counts();
    await measures(P95, (seconds) => seconds > 2);
    expect(world.traffic.counts()).toMatchObject({ lost });
  });

  it("a Pod that is never ready gets no users and holds up the rollout", async () => {
    await world.kubectl("patch", "deployment/vcci-api", "-p", '{"spec":{"progressDeadlineSeconds":3}}');
    await world.release("vcci-api:v2-never-ready");
    await expect(world.rolledOut()).rejects.toThrow("exceeded its progress deadline");
    await usersGet("vcci-api:v1");
    expect(world.kubelet.pods()).toContainEqual(
      expect.objectContaining({ images: ["vcci-api:v2-never-ready"], ready: false }),
    );
    await world.kubectl("patch", "deployment/vcci-api", "-p", '{"spec":{"progressDeadlineSeconds":600}}');
  });

  it("a Pod whose health fails after it was ready loses its users", async () => {
    await world.release("vcci-api:v2");
    await world.rolledOut();
    await usersGet("vcci-api:v2");
    for (const { ip } of world.kubelet.pods().filter(({ ready }) => ready)) {
      await fetch(`http://${ip}:8000/control`, { method: "POST", body: JSON.stringify({ ready: "fail" }) });
    }
    await eventually("nobody is ready", () => expect(world.servedImages()).toEqual([]));
    await expect(fetch(`${world.service.url}/health/ready`)).rejects.toThrow("fetch failed");
    await eventually("the API server knows", async () => {
      const { status } = await world.api.get<{ status: { unavailableReplicas: number } }>(
        `/apis/apps/v1/namespaces/${world.namespace}/deployments/vcci-api`,
      );
      expect(status.unavailableReplicas).toBe(2);
    });
  });

  it("a Pod waits for its ConfigMap and starts when it comes", async () => {
    const envFrom = [{ configMapRef: { name: "settings" } }];
    const patch = { spec: { template: { spec: { containers: [{ name: "api", envFrom }] } } } };
    await world.kubectl("patch", "deployment/vcci-api", "-p", JSON.stringify(patch));
    await eventually("it waits", async () => {
      expect(await waiting()).toEqual(['CreateContainerConfigError: configmap "settings" not found']);
    });
    await world.kubectl("create", "configmap", "settings", "--from-literal=VERSION=from-settings");
    await world.rolledOut();
    await measures('count(app_build_info{version="from-settings"})', (pods) => pods === 2);
    await world.kubectl("patch", "deployment/vcci-api", "--type=json", "-p", REMOVE_ENV_FROM);
  });

  it("an image that nobody knows is not pulled", async () => {
    await world.release("vcci-api:v9");
    await eventually("it waits", async () => {
      expect(await waiting()).toEqual(['ImagePullBackOff: Back-off pulling image "vcci-api:v9"']);
    });
  });

  it("a killed process is started again; one that always ends is in CrashLoopBackOff", async () => {
    const [victim] = world.kubelet.pods();
    process.kill(victim?.pids[0] ?? 0, "SIGKILL");
    await eventually("it is ready again, as another process", async () => {
      const pod = await world.api.get<PodObject>(
        `/api/v1/namespaces/${world.namespace}/pods/${victim?.name}`,
      );
      expect(pod.status.containerStatuses[0]).toMatchObject({ restartCount: 1, ready: true });
    });
    await world.release("vcci-api:v2-crash");
    await eventually("it backs off", async () => {
      expect(await waiting()).toEqual([expect.stringContaining("CrashLoopBackOff: ended with exit code 1")]);
    });
  });

  it("a deleted Pod ends its process and is replaced", async () => {
    const [victim] = world.kubelet.pods();
    const pid = victim?.pids[0] ?? 0;
    await world.kubectl("delete", "pod", victim?.name ?? "", "--wait=true");
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    await world.rolledOut();
    expect(world.kubelet.pods().map(({ name }) => name)).not.toContain(victim?.name);
  });
});

const REMOVE_ENV_FROM = JSON.stringify([{ op: "remove", path: "/spec/template/spec/containers/0/envFrom" }]);
