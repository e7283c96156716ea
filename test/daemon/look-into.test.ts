import { expect, it } from "vitest";
import type { KubeObject, PodTemplate } from "../../src/kubernetes/objects.ts";
import type { ReleaseContext } from "../../src/releases/release-context.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { blueGreenObjects, service, side, TARGET, view } from "../releases/blue-green-fixture.ts";
import { template } from "../releases/deployment-fixture.ts";
import { controllerRevision, statefulSet } from "../releases/statefulset-fixture.ts";
import { eventually } from "../support/eventually.ts";
import { clock, HOUR, policy } from "../support/model.ts";
import { type Objects, partsOn, stillCluster } from "./still-cluster.ts";

const { rollback } = policy();
const blueGreen = policy({ target: TARGET, rollback: { ...rollback, strategy: { kind: "blue-green" } } });
const stateful = policy({
  target: { kind: "statefulset", namespace: "shop", statefulSet: "web" },
  rollback: { ...rollback, strategy: { kind: "statefulset" } },
});

/** As the strategy of the policy lets it be looked into, once the target is seen. */
async function lookInto(of: Policy, objects: Objects): Promise<ReleaseContext | undefined> {
  const { watch, lookInto: look } = partsOn(of, stillCluster(objects), { at: clock("12:00:00") });
  const release = await eventually("the target is seen", () => {
    const lookup = watch.current();
    if (!lookup.ok) throw new Error(lookup.detail);
    return lookup.snapshot.release;
  });
  const context = await look?.(release);
  await watch.stop();
  return context;
}

function reading(image: string, secret: string): PodTemplate {
  const { metadata, spec } = template(image);
  const containers = spec.containers.map((one) => ({ ...one, envFrom: [{ secretRef: { name: secret } }] }));
  return { ...(metadata && { metadata }), spec: { ...spec, containers } };
}

function secret(name: string, time: string): KubeObject {
  const creationTimestamp = new Date(clock(time)).toISOString();
  return { metadata: { name, uid: name, resourceVersion: "1", creationTimestamp } };
}

it("a switch changed what tells the colours' templates apart, but for the colour", async () => {
  const blue = side("blue", { images: { "09:00:00": "api:v2" } });
  const green = side("green", { images: { "09:30:00": "api:v3" } });
  const switched = view(service({ switched: ["10:10:00", "kubectl-patch"] }), [blue, green]);
  expect(await lookInto(blueGreen, blueGreenObjects(switched))).toMatchObject({
    changes: ["- containers.api.image: api:v2", "+ containers.api.image: api:v3"],
    references: { since: new Date(clock("10:10:00") - 24 * HOUR).toISOString(), looked: 0 },
  });
});

it("a change of the live colour in place is told against what that colour ran, not against the other", async () => {
  const blue = side("blue", { images: { "09:00:00": "api:v1" } });
  const green = side("green", { images: { "09:10:00": "api:v2", "10:30:00": "api:v3" } });
  const inPlace = view(service({ switched: ["09:20:00", "kubectl-patch"] }), [blue, green]);
  expect((await lookInto(blueGreen, blueGreenObjects(inPlace)))?.changes).toEqual([
    "- containers.api.image: api:v2",
    "+ containers.api.image: api:v3",
  ]);
});

it("of a StatefulSet the templates of its ControllerRevisions are told apart, and what its pods read is looked at", async () => {
  const [old, live] = [reading("web:v1", "db"), reading("web:v2", "db")];
  const objects = {
    statefulsets: [statefulSet({ template: live })],
    controllerrevisions: [
      controllerRevision({ revision: 1, template: old, created: "09:00:00" }),
      controllerRevision({ revision: 2, template: live, created: "10:00:00" }),
    ],
    secrets: [secret("db", "09:58:00"), secret("other", "09:59:00")],
  };
  expect(await lookInto(stateful, objects)).toEqual({
    changes: ["- containers.api.image: web:v1", "+ containers.api.image: web:v2"],
    references: {
      since: new Date(clock("10:00:00") - 24 * HOUR).toISOString(),
      looked: 1,
      changed: [{ kind: "Secret", name: "db", at: new Date(clock("09:58:00")).toISOString() }],
    },
  });
});

it("a StatefulSet whose earlier ControllerRevision is gone says nothing of what changed", async () => {
  const live = reading("web:v2", "db");
  const context = await lookInto(stateful, {
    statefulsets: [statefulSet({ template: live })],
    controllerrevisions: [controllerRevision({ revision: 2, template: live, created: "10:00:00" })],
    secrets: [secret("db", "09:58:00")],
  });
  expect(context).not.toHaveProperty("changes");
  expect(context?.references).toMatchObject({ looked: 1 });
});
