import { expect, it } from "vitest";
import { createHistory } from "../../src/daemon/history.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { blueGreenObjects, service, side, TARGET, view } from "../releases/blue-green-fixture.ts";
import { HOUR, policy } from "../support/model.ts";
import { partsOn, stillCluster } from "./still-cluster.ts";

const BLUE = side("blue", { images: { "09:00:00": "api:v2" } });
const GREEN = side("green", { images: { "09:30:00": "api:v3" } });
const OBJECTS = view(service({ switched: ["10:10:00", "kubectl-patch"] }), [BLUE, GREEN]);

const { rollback } = policy();
const blueGreen = policy({ target: TARGET, rollback: { ...rollback, strategy: { kind: "blue-green" } } });

/** What came of an order while automation was frozen, and how often the cluster was changed. */
async function actFrozen(manual: boolean) {
  const history = createHistory();
  const frozen = { type: "operator.freeze", policy: blueGreen.name, by: "token:alice" } as const;
  for (const record of recordsOf([frozen])) history.apply(record);
  let changes = 0;
  const api = stillCluster(blueGreenObjects(OBJECTS), () => (changes += 1));
  const { watch, strategy } = partsOn(blueGreen, api, { at: OBJECTS.at + HOUR, history });
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
