import { once } from "node:events";
import { expect, it } from "vitest";
import { createHistory } from "../../src/daemon/history.ts";
import { targetParts } from "../../src/daemon/target-parts.ts";
import type { KubeApi } from "../../src/kubernetes/api.ts";
import type { KubeObject } from "../../src/kubernetes/objects.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { service, side, TARGET, view } from "../releases/blue-green-fixture.ts";
import { HOUR, policy } from "../support/model.ts";

const BLUE = side("blue", { images: { "09:00:00": "api:v2" } });
const GREEN = side("green", { images: { "09:30:00": "api:v3" } });
const OBJECTS = view(service({ switched: ["10:10:00", "kubectl-patch"] }), [BLUE, GREEN]);

/** A cluster that stays as it is. */
function still(changed: () => void): KubeApi {
  const items: Readonly<Record<string, readonly KubeObject[]>> = {
    services: [OBJECTS.service],
    deployments: OBJECTS.deployments,
    replicasets: OBJECTS.replicaSets,
    pods: OBJECTS.pods,
  };
  const nobody = () => Promise.reject(new Error("not asked here"));
  return {
    get: ({ resource }) => Promise.resolve(items[resource]?.[0] as never),
    list: ({ resource }) =>
      Promise.resolve({ metadata: { resourceVersion: "1" }, items: (items[resource] ?? []) as never }),
    patch: async () => changed() as never,
    create: nobody,
    metadata: nobody,
    async *watch(_, { signal }) {
      await once(signal, "abort");
      yield* [];
    },
  };
}

const { rollback } = policy();
const blueGreen = policy({ target: TARGET, rollback: { ...rollback, strategy: { kind: "blue-green" } } });

/** What came of an order while automation was frozen, and how often the cluster was changed. */
async function actFrozen(manual: boolean) {
  const history = createHistory();
  const frozen = { type: "operator.freeze", policy: blueGreen.name, by: "token:alice" } as const;
  for (const record of recordsOf([frozen])) history.apply(record);
  let changes = 0;
  const nothing = () => Promise.reject(new Error("not asked here"));
  const { watch, strategy } = targetParts(
    blueGreen,
    {
      prometheus: { instant: nothing, range: nothing, clock: nothing, close: async () => undefined },
      history,
      environment: {},
      secrets: () => [],
      argocdNamespace: "argocd",
      slotClock: { now: Date.now, isKnown: async () => false, sync: async () => undefined },
      now: () => OBJECTS.at + HOUR,
    },
    still(() => (changes += 1)),
  );
  const lookup = await watch.reread();
  await watch.stop();
  if (!lookup.ok) throw new Error(lookup.detail);
  const { release, uid, target, earlier } = lookup.snapshot;
  const [to] = earlier;
  if (to === undefined) throw new Error("nothing to go back to");
  const order = {
    decisionId: "d1",
    policy: blueGreen,
    target,
    uid,
    release: release.id,
    from: release.revision,
    to,
  };
  const outcome = await strategy.act(
    { ...order, reason: "errors", ...(manual && { manual: { mustRecover: [] } }) },
    new AbortController().signal,
  );
  return { outcome, changes };
}

it("a freeze stops a switch that is on its way", async () => {
  const { outcome, changes } = await actFrozen(false);
  expect(outcome).toMatchObject({ kind: "failed", reason: "frozen" });
  expect(changes).toBe(0);
});

it("a freeze does not stop the switch that a person asked for", async () => {
  const { outcome, changes } = await actFrozen(true);
  expect(outcome).toMatchObject({ kind: "applied" });
  expect(changes).toBe(1);
});
