import { expect, it } from "vitest";
import type { KubeApi } from "../../src/kubernetes/api.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import type { Deployment, Service } from "../../src/kubernetes/objects.ts";
import { blueGreenSnapshot } from "../../src/releases/blue-green-snapshot.ts";
import { blueGreenStrategy } from "../../src/rollback/blue-green.ts";
import { service, side, TARGET, view } from "../releases/blue-green-fixture.ts";
import { policy } from "../support/model.ts";
import { allTries } from "./tries.ts";

const GREEN = side("green", { images: { "09:30:00": "api:v3" } });
const ready = side("blue", { images: { "09:00:00": "api:v2" } });
const unready = side("blue", { images: { "09:00:00": "api:v2" }, pods: [2, 2, 2, 0] });
const SERVICE = service({ switched: ["10:10:00", "kubectl-patch"] });

type Look = "unready" | "ready" | "away" | "conflict";

/** What the cluster answers at each look, one after the other; the last for ever. */
function act(looks: readonly Look[], timeoutMs = 10_000) {
  let looked = 0;
  const patched: string[] = [];
  const look = (): Look => looks[Math.min(looked, looks.length - 1)] ?? "ready";
  const api: Pick<KubeApi, "get" | "list" | "patch"> = {
    get: async () => {
      looked += 1;
      return SERVICE satisfies Service as never;
    },
    list: async () => {
      const now = look();
      if (now === "away") {
        looked += 1;
        throw new KubeError("unreachable", "no answer");
      }
      const blue: Deployment = (now === "unready" ? unready : ready).deployment;
      return { metadata: { resourceVersion: "1" }, items: [GREEN.deployment, blue] as never };
    },
    patch: async ({ resource }) => {
      patched.push(resource);
      if (looks.includes("conflict")) throw new KubeError("conflict", "changed since");
      return undefined as never;
    },
  };
  const seen = blueGreenSnapshot(view(SERVICE, [ready, GREEN]), TARGET, { memory: new Map(), logged: [] });
  if (!seen.ok) throw new Error(seen.detail);
  const { target, uid, release, earlier } = seen.snapshot;
  const [to] = earlier;
  if (to === undefined) throw new Error("nothing to go back to");
  const { rollback } = policy();
  const strategy = blueGreenStrategy({
    api: api as KubeApi,
    colors: TARGET,
    now: Date.now,
  });
  const order = {
    decisionId: "d1",
    policy: policy({ rollback: { ...rollback, timeoutMs } }),
    target,
    uid,
    release: release.id,
    from: release.revision,
    to,
    reason: "errors",
  };
  return { outcome: allTries(strategy, order), patched };
}

const away = (times: number): readonly Look[] => Array.from({ length: times }, () => "away");

it.concurrent("trap 24: an API server that is away while pods get ready is waited for", async () => {
  const { outcome, patched } = act(["unready", ...away(8), "unready", "ready"]);
  expect(await outcome).toMatchObject({ kind: "applied" });
  expect(patched).toEqual(["services"]);
});

it.concurrent("trap 24: an API server that is away from the first is waited for", async () => {
  const { outcome, patched } = act([...away(8), "ready"]);
  expect(await outcome).toMatchObject({ kind: "applied" });
  expect(patched).toEqual(["services"]);
});

it.concurrent("trap 24: one that is away until the time is over is what stopped it", async () => {
  const { outcome } = act(["unready", ...away(1)], 1_000);
  expect(await outcome).toMatchObject({
    kind: "failed",
    reason: "unreachable",
    changed: false,
    gaveUp: true,
  });
});

it.concurrent("trap 24: a Service that never keeps still is a conflict, and who changes it can be looked up", async () => {
  const { outcome, patched } = act(["conflict"], 1_000);
  expect(await outcome).toMatchObject({
    kind: "failed",
    reason: "conflict",
    changed: false,
    detail: expect.stringContaining(
      "kubectl -n vcci-production get service vcci-api --show-managed-fields",
    ) as string,
  });
  expect(patched.length).toBeGreaterThan(5);
});
