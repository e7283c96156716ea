import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeApi } from "../../src/kubernetes/api.ts";
import type { Deployment, PodTemplate } from "../../src/kubernetes/objects.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import type { Applied, RollbackOrder } from "../../src/rollback/act.ts";
import { deploymentStrategy } from "../../src/rollback/deployment.ts";
import { statefulSetStrategy } from "../../src/rollback/statefulset.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { policy } from "../support/model.ts";
import { createScene, type Scene } from "./deployment-scene.ts";
import { createStatefulSetScene, type StatefulSetScene } from "./statefulset-scene.ts";

import { fewTries } from "./tries.ts";
const NEVER = new AbortController().signal;

type Spec = Readonly<Record<string, unknown>>;

/** The manifest of one version. `pod` and `container` are laid over what all versions have. */
interface Version {
  readonly image: string;
  readonly container?: Spec;
  readonly pod?: Spec;
  readonly template?: Spec;
}

/** What v2 leaves out of v1, and v3 too: after the rollback to v1 it must not stay in v3. */
const DROPPED: readonly (readonly [string, Omit<Version, "image">])[] = [
  ["an env variable", { container: { env: [{ name: "OLD", value: "1" }] } }],
  ["a second container", { pod: { sidecar: { name: "proxy", image: "proxy:1" } } }],
  [
    "a volume and its mount",
    {
      pod: { volumes: [{ name: "scratch", emptyDir: {} }] },
      container: { volumeMounts: [{ name: "scratch", mountPath: "/scratch" }] },
    },
  ],
  [
    "a label and an annotation",
    {
      template: { labels: { tier: "web" }, annotations: { "example.org/scrape": "true" } },
    },
  ],
  ["a probe", { container: { livenessProbe: { httpGet: { path: "/live", port: 8000 } } } }],
  ["arguments and resources", { container: { args: ["--old"], resources: { limits: { cpu: "1" } } } }],
  ["a setting with a default", { pod: { terminationGracePeriodSeconds: 99 } }],
  [
    "an init container, a port and a node selector",
    {
      pod: { initContainers: [{ name: "migrate", image: "migrate:1" }], nodeSelector: { disk: "ssd" } },
      container: { ports: [{ containerPort: 8000 }, { containerPort: 9000, name: "metrics" }] },
    },
  ],
];

/** What v1 says in another way than v2 and v3, and which cannot stand beside it. */
const REPLACED: readonly (readonly [string, Omit<Version, "image">, Omit<Version, "image">])[] = [
  [
    "the name of a second container",
    { pod: { sidecar: { name: "proxy", image: "proxy:1" } } },
    { pod: { sidecar: { name: "mesh", image: "mesh:1" } } },
  ],
  [
    "the kind of a probe",
    { container: { livenessProbe: { httpGet: { path: "/live", port: 8000 } } } },
    { container: { livenessProbe: { tcpSocket: { port: 8000 } } } },
  ],
  [
    "the source of an env variable",
    { container: { env: [{ name: "KEY", value: "plain" }] } },
    { container: { env: [{ name: "KEY", valueFrom: { secretKeyRef: { name: "keys", key: "key" } } }] } },
  ],
  [
    "the source of a volume",
    { pod: { volumes: [{ name: "data", emptyDir: {} }] } },
    { pod: { volumes: [{ name: "data", configMap: { name: "settings" } }] } },
  ],
];

describeOnCluster("the deployment after a rollback runs what its manifest says", (kubeconfig) => {
  let scene: Scene;
  let sets: StatefulSetScene;
  let folder: string;
  beforeAll(async () => {
    [scene, sets] = await Promise.all([createScene(kubeconfig), createStatefulSetScene(kubeconfig)]);
    folder = mkdtempSync(join(tmpdir(), "rollbackd-next-"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([scene.stop(), sets.stop()]);
  });

  let count = 0;
  const fresh = (): string => `next-${(count += 1)}`;
  const write = (name: string, manifest: object): string => {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(manifest));
    return file;
  };
  const orderFrom = ({ target, uid, release }: TargetSnapshot): RollbackOrder => {
    if (release.previous === undefined) throw new Error("nothing to go back to");
    const { revision: from, previous: to } = release;
    return {
      decisionId: "d-1",
      policy: policy(),
      target,
      uid,
      release: release.id,
      from,
      to,
      reason: "errors",
    };
  };
  const rollBack = async (name: string, api: KubeApi = scene.api): Promise<Applied> => {
    const order = orderFrom(await scene.snapshot(name));
    const outcome = await fewTries(deploymentStrategy({ api, now: Date.now })).act(order, NEVER);
    if (outcome.kind !== "applied") throw new Error(outcome.detail);
    const { release } = await scene.snapshot(name);
    expect(release.cause).toBe("rollback");
    return outcome;
  };
  type Deploy = (name: string, version: Version) => Promise<void>;
  const deployWith =
    (...flags: readonly string[]): Deploy =>
    async (name, version) => {
      await scene.kubectl("apply", ...flags, "-f", write(name, deployment(name, version)));
      await scene.settled(name);
    };
  const clientSide = deployWith();
  const serverSide = deployWith("--server-side", "--field-manager=ci");
  const templateOf = async (name: string): Promise<PodTemplate> => (await scene.get(name)).spec.template;
  /** What a Deployment has that only ever ran the version. */
  const pristine = async (version: Version): Promise<PodTemplate> => {
    const name = fresh();
    await clientSide(name, version);
    return templateOf(name);
  };
  const sameBut = (template: PodTemplate) =>
    JSON.parse(JSON.stringify(template).replaceAll(/next-\d+/gu, "n")) as unknown;

  /** A Kubernetes of 1.20 refuses a server-side apply that takes away what has defaults of its own. */
  const refused = new Set(["a probe", "the kind of a probe", "the source of a volume"]);
  describe.each([
    ["kubectl apply", () => clientSide, () => true],
    [
      "kubectl apply --server-side",
      () => serverSide,
      ([what]: readonly [string, ...object[]]) => !refused.has(what),
    ],
  ] as const)("by %s", (_, deployOf, isAccepted) => {
    it.each(DROPPED.filter(isAccepted))("when v2 dropped %s", async (_, only) => {
      const [deploy, name] = [deployOf(), fresh()];
      await deploy(name, { image: "vcci-api:v1", ...only });
      await deploy(name, { image: "vcci-api:v2" });
      await rollBack(name);
      await deploy(name, { image: "vcci-api:v3" });
      expect(sameBut(await templateOf(name))).toEqual(sameBut(await pristine({ image: "vcci-api:v3" })));
    });

    it.each(DROPPED)("when v2 added %s, and v3 keeps it", async (_, only) => {
      const [deploy, name] = [deployOf(), fresh()];
      await deploy(name, { image: "vcci-api:v1" });
      await deploy(name, { image: "vcci-api:v2", ...only });
      await rollBack(name);
      expect(sameBut(await templateOf(name))).toEqual(sameBut(await pristine({ image: "vcci-api:v1" })));
      await deploy(name, { image: "vcci-api:v3", ...only });
      expect(sameBut(await templateOf(name))).toEqual(
        sameBut(await pristine({ image: "vcci-api:v3", ...only })),
      );
    });

    it.each(REPLACED.filter(isAccepted))("when v2 changed %s", async (_, before, after) => {
      const [deploy, name] = [deployOf(), fresh()];
      await deploy(name, { image: "vcci-api:v1", ...before });
      await deploy(name, { image: "vcci-api:v2", ...after });
      await rollBack(name);
      await deploy(name, { image: "vcci-api:v3", ...after });
      expect(sameBut(await templateOf(name))).toEqual(
        sameBut(await pristine({ image: "vcci-api:v3", ...after })),
      );
    });
  });

  it("last-applied is what was put back, and what others set beside the manifest stays", async () => {
    const name = fresh();
    const variable = (variableName: string) => ({ name: variableName, value: "1" });
    const both = [variable("KEPT"), variable("OLD")];
    const kept = { container: { env: [variable("KEPT")] } };
    await clientSide(name, { image: "vcci-api:v1", container: { env: both } });
    await scene.kubectl("set", "env", `deployment/${name}`, "BUILD=1");
    await scene.settled(name);
    await clientSide(name, { image: "vcci-api:v2", ...kept });
    await scene.kubectl("set", "env", `deployment/${name}`, "BUILD=2");
    await scene.settled(name);
    const snapshot = await scene.snapshot(name);
    const to = snapshot.earlier.find(({ images }) => images["api"] === "vcci-api:v1");
    const order = { ...orderFrom(snapshot), to } as RollbackOrder;
    await deploymentStrategy({ api: scene.api, now: Date.now }).act(order, NEVER);
    const applied = lastApplied(await scene.get(name));
    expect(applied.spec.template.spec.containers).toMatchObject([{ image: "vcci-api:v1", env: both }]);
    await clientSide(name, { image: "vcci-api:v3", ...kept });
    const [api] = (await templateOf(name)).spec.containers;
    expect(api).toMatchObject({ image: "vcci-api:v3", env: [variable("KEPT"), variable("BUILD")] });
  });

  it("field ownership is given back to each of two appliers when both manage parts of the template", async () => {
    const name = fresh();
    const inject = (value: string) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name },
      spec: { template: { spec: { containers: [{ name: "api", env: [{ name: "TOKEN", value }] }] } } },
    });
    const injected = async (value: string) => {
      const as = ["--server-side", "--field-manager=injector", "--validate=false"];
      await scene.kubectl("apply", ...as, "-f", write(`${name}-inject`, inject(value)));
      await scene.settled(name);
    };
    await serverSide(name, { image: "vcci-api:v1" });
    await injected("one");
    await serverSide(name, { image: "vcci-api:v2" });
    await injected("two");
    const before = await scene.snapshot(name);
    const to = before.earlier.find(({ name: revision }) => revision === "2");
    const order = { ...orderFrom(before), to } as RollbackOrder;
    await deploymentStrategy({ api: scene.api, now: Date.now }).act(order, NEVER);
    await injected("three");
    await serverSide(name, { image: "vcci-api:v3" });
    expect((await templateOf(name)).spec.containers).toMatchObject([
      { image: "vcci-api:v3", env: [{ name: "TOKEN", value: "three" }] },
    ]);
  });

  it("field ownership is given back after a restart when the daemon stopped right after the change", async () => {
    const name = fresh();
    await serverSide(name, { image: "vcci-api:v1", container: { env: [{ name: "OLD", value: "1" }] } });
    await serverSide(name, { image: "vcci-api:v2" });
    const order = orderFrom(await scene.snapshot(name));
    const once: KubeApi = {
      ...scene.api,
      patch: async <T>(...args: Parameters<KubeApi["patch"]>): Promise<T> => {
        await scene.api.patch<T>(...args);
        throw new Error("the daemon dies here");
      },
    };
    const dying = deploymentStrategy({ api: once, now: Date.now });
    await expect(dying.act(order, NEVER)).rejects.toThrow("the daemon dies here");
    await deploymentStrategy({ api: scene.api, now: Date.now }).settle(order, NEVER);
    await serverSide(name, { image: "vcci-api:v3" });
    expect((await templateOf(name)).spec.containers[0]).not.toHaveProperty("env");
  });

  it("field ownership that cannot be given back is said, with the command that resolves it", async () => {
    const name = fresh();
    await serverSide(name, { image: "vcci-api:v1" });
    await serverSide(name, { image: "vcci-api:v2" });
    let patches = 0;
    const api: KubeApi = {
      ...scene.api,
      patch: async (...args) => {
        patches += 1;
        // Away from the second change on.
        return scene.api.patch(
          patches === 1 ? args[0] : { ...args[0], name: "gone" },
          ...(args.slice(1) as [never]),
        );
      },
    };
    const { detail } = await rollBack(name, api);
    expect(detail).toContain("kubectl apply --server-side --force-conflicts --field-manager=ci -f FILE");
    await expect(serverSide(name, { image: "vcci-api:v3" })).rejects.toThrow('conflict with "rollbackd"');
    await deployWith(
      "--server-side",
      "--force-conflicts",
      "--field-manager=ci",
    )(name, { image: "vcci-api:v3" });
  });

  describe("by Helm, which keeps what it deployed in a Secret of its own", () => {
    /** Helm sends the difference of its two newest manifests, and what differs from what is live. */
    const upgrade = async (name: string, template: Spec) => {
      const path = `/apis/apps/v1/namespaces/${scene.namespace}/deployments/${name}?fieldManager=helm`;
      await scene.harness.strategicPatch(path, { spec: { template: { spec: template } } });
      await scene.settled(name);
    };

    it("what it will keep is named, with the command that resolves it", async () => {
      const name = fresh();
      const labels = { "app.kubernetes.io/managed-by": "Helm" };
      const annotations = {
        "meta.helm.sh/release-name": "shop",
        "meta.helm.sh/release-namespace": scene.namespace,
      };
      const first = deployment(name, {
        image: "vcci-api:v1",
        container: { env: [{ name: "OLD", value: "1" }] },
      });
      const path = `/apis/apps/v1/namespaces/${scene.namespace}/deployments?fieldManager=helm`;
      const { metadata } = first;
      await scene.harness.create(path, { ...first, metadata: { ...metadata, labels, annotations } });
      await scene.settled(name);
      const old = { name: "OLD", $patch: "delete" };
      await upgrade(name, { containers: [{ name: "api", image: "vcci-api:v2", env: [old] }] });
      const { detail } = await rollBack(name);
      expect(detail).toContain("does not have: containers.api.env.OLD.value");
      expect(detail).toContain(`helm -n ${scene.namespace} rollback shop`);
      // What it warns of.
      await upgrade(name, { containers: [{ name: "api", image: "vcci-api:v3" }] });
      expect((await templateOf(name)).spec.containers[0]).toHaveProperty("env");
    });

    it("nothing is said when the newer version dropped nothing", async () => {
      const name = fresh();
      const path = `/apis/apps/v1/namespaces/${scene.namespace}/deployments?fieldManager=helm`;
      await scene.harness.create(path, deployment(name, { image: "vcci-api:v1" }));
      await scene.settled(name);
      await upgrade(name, { containers: [{ name: "api", image: "vcci-api:v2" }] });
      expect((await rollBack(name)).detail).toMatch(/as revision 3\.$/u);
    });
  });

  it.each([
    ["client-side", []],
    ["server-side", ["--server-side", "--field-manager=ci"]],
  ])("a StatefulSet is deployed as its manifest says by %s apply", async (how, flags) => {
    const name = `db-${how}`;
    const deploy = async (version: Version) => {
      const { spec, ...rest } = deployment(name, version) as ReturnType<typeof deployment> & { spec: Spec };
      const manifest = { ...rest, kind: "StatefulSet", spec: { ...spec, serviceName: name } };
      await sets.kubectl("apply", ...flags, "-f", write(name, manifest));
      await sets.settled(name);
    };
    await deploy({ image: "vcci-api:v1", container: { env: [{ name: "OLD", value: "1" }] } });
    await deploy({ image: "vcci-api:v2" });
    const order = orderFrom(await sets.snapshot(name));
    const outcome = await statefulSetStrategy({ api: sets.api, now: Date.now }).act(order, NEVER);
    expect(outcome).toMatchObject({
      kind: "applied",
      detail: expect.stringMatching(/as revision 3\.$/u) as string,
    });
    expect((await sets.get(name)).spec.template.spec.containers[0]).toHaveProperty("env");
    await deploy({ image: "vcci-api:v3" });
    expect((await sets.get(name)).spec.template.spec.containers[0]).not.toHaveProperty("env");
  });
});

function deployment(name: string, { image, container = {}, pod = {}, template = {} }: Version) {
  const { sidecar, ...spec } = pod;
  const { labels = {}, annotations } = template as {
    readonly labels?: object;
    readonly annotations?: object;
  };
  const containers = [{ name: "api", image, ...container }, ...(sidecar === undefined ? [] : [sidecar])];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, ...labels }, ...(annotations && { annotations }) },
        spec: { containers, ...spec },
      },
    },
  };
}

function lastApplied({ metadata }: Deployment): Deployment {
  const text = metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"] ?? "{}";
  return JSON.parse(text) as Deployment;
}
