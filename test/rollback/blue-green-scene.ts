import { vcciApiDeployment, type DeploymentOptions } from "../cluster/deployment.ts";
import type { Deployment, Service } from "../../src/kubernetes/objects.ts";
import { watchBlueGreen } from "../../src/releases/blue-green-watch.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import type { LoggedRelease } from "../../src/releases/logged-release.ts";
import type { TargetWatch } from "../../src/releases/watch.ts";
import type { BlueGreenTarget } from "../../src/rules/policy.ts";
import { eventually } from "../support/eventually.ts";
import type { Scene } from "./deployment-scene.ts";

export type Color = "blue" | "green";

/** A Service `name` that selects one of the Deployments `name-blue` and `name-green`. */
export interface BlueGreenScene {
  readonly target: BlueGreenTarget;
  readonly service: () => Promise<Service>;
  readonly deployment: (color: Color) => Promise<Deployment>;
  readonly selected: () => Promise<string | undefined>;
  /** As a deploy pipeline does it: `kubectl patch`. Waits until the clock of the API server shows another second. */
  readonly switchTo: (color: Color) => Promise<void>;
  readonly scale: (color: Color, replicas: number) => Promise<void>;
  readonly watch: (logged?: () => readonly LoggedRelease[]) => TargetWatch;
  /** As a daemon that just started sees it. */
  readonly snapshot: () => Promise<TargetSnapshot>;
}

type SideOptions = Omit<DeploymentOptions, "image">;

/** Both colours are deployed, and blue is selected. */
export async function createBlueGreen(
  { harness, kubectl, api, namespace, settled }: Scene,
  name: string,
  images: Readonly<Record<Color, string>>,
  options: Partial<Readonly<Record<Color, SideOptions>>> = {},
): Promise<BlueGreenScene> {
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const services = `/api/v1/namespaces/${namespace}/services`;
  const target: BlueGreenTarget = {
    kind: "blue-green",
    namespace,
    service: name,
    label: "color",
    colors: ["blue", "green"],
  };
  await harness.create(services, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { selector: { app: name, color: "blue" }, ports: [{ port: 80, targetPort: 8000 }] },
  });
  for (const color of ["blue", "green"] as const) {
    const image = images[color];
    const own = { name: `${name}-${color}`, labels: { app: name, color } };
    await harness.create(deployments, vcciApiDeployment({ image, ...own, ...options[color] }));
    await settled(own.name);
  }
  const service = () => harness.get<Service>(`${services}/${name}`);
  const watch: BlueGreenScene["watch"] = (logged = () => []) =>
    watchBlueGreen({ api, namespace, target, logged, now: Date.now });
  return {
    target,
    service,
    watch,
    deployment: (color) => harness.get<Deployment>(`${deployments}/${name}-${color}`),
    selected: async () => (await service()).spec.selector?.["color"],
    switchTo: async (color) => {
      // The API server dates to the second.
      const before = Math.floor(Date.now() / 1000);
      await eventually("the next second", () => {
        if (Math.floor(Date.now() / 1000) === before) throw new Error("still the same");
      });
      await kubectl("patch", `service/${name}`, "--patch", JSON.stringify({ spec: { selector: { color } } }));
    },
    scale: async (color, replicas) =>
      void (await kubectl("scale", `deployment/${name}-${color}`, `--replicas=${replicas}`)),
    snapshot: async () => {
      const fresh = watch();
      const lookup = await fresh.reread();
      await fresh.stop();
      if (!lookup.ok) throw new Error(lookup.detail);
      return lookup.snapshot;
    },
  };
}
