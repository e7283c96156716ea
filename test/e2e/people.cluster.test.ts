import { expect, it } from "vitest";
import { describeOnCluster } from "../cluster/shared.ts";
import type { Daemon } from "../support/daemon.ts";
import { SECRET, startFor } from "./alice.ts";
import { eventually } from "../support/eventually.ts";
import { createStage, settled, TIMEOUT_MS, usersGet } from "./stage.ts";

async function decisionNow({ url }: Daemon, id: string): Promise<unknown> {
  return (await fetch(`${url}/api/v1/decisions/${id}`)).json();
}

describeOnCluster("what people decide", (kubeconfig) => {
  it.concurrent(
    "a rollback that waits for approval is shown, held by a freeze, approved, and done when the freeze ends",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const stage = await createStage({ kubeconfig, replicas: 1, override: { mode: "approve" } });
      onTestFinished(stage.stop);
      const { daemon, alice } = await startFor(stage);
      await settled(daemon);
      expect(await alice("status")).toMatchObject({ code: 0, stderr: "" });
      await stage.world.release("vcci-api:v2");
      const { decisionId } = await stage.first(
        "decision.made",
        ({ reason }) => reason === "awaiting-approval",
      );
      // What is in the file already may not be known to be durable yet.
      await eventually("it waits", async () =>
        expect(await decisionNow(daemon, decisionId)).toMatchObject({
          pendingApproval: { state: "waiting" },
        }),
      );
      expect(await alice("status")).toMatchObject({
        code: 1,
        stdout: expect.stringContaining(`rollbackd approve ${decisionId} or rollbackd reject ${decisionId}`),
      });

      expect(await alice("freeze", "vcci-api", "--for", "1h")).toMatchObject({ code: 0 });
      const approved = await alice("approve", decisionId, "--note", "go");
      expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining("in the way (frozen)") });
      expect(await stage.all("rollback.started")).toEqual([]);
      expect(await alice("resume", "vcci-api")).toMatchObject({ code: 0 });
      await stage.first("rollback.verified");
      const rolledBack = await stage.first("decision.made", ({ decision }) => decision === "rollback");
      expect(rolledBack.approval).toEqual({ decisionId, by: "token:alice" });
      await usersGet(stage, "vcci-api:v1");
      expect(await alice("approve", decisionId)).toMatchObject({ code: 1 });

      const key = `rollbackd/${rolledBack.target}/${rolledBack.target}@2`;
      await stage.paged([
        { action: "trigger", key, summary: expect.stringContaining("waits for your approval") },
        { action: "trigger", key },
        { action: "resolve", key },
      ]);
      expect(daemon.output()).not.toContain(SECRET);
    },
  );

  it.concurrent(
    "a rollback by hand shows what it changes, is done, verified, told and logged as any other",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const stage = await createStage({ kubeconfig, replicas: 1 });
      onTestFinished(stage.stop);
      const { daemon, alice } = await startFor(stage);
      await settled(daemon);
      await stage.world.release("vcci-api:v3");
      await stage.first("release.observed", ({ revision }) => revision === "2");
      await settled(daemon);
      const wanted = ["rollback", "vcci-api", "--reason", "data-corruption", "--note", "totals are wrong"];
      const plan = await alice(...wanted, "--dry-run");
      expect(plan).toMatchObject({ code: 0, stderr: "" });
      expect(plan.stdout).toContain(
        "Change  - containers.api.image: vcci-api:v3\n        + containers.api.image: vcci-api:v1",
      );
      // Nobody sits at this terminal.
      expect(await alice(...wanted)).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
      expect(await stage.all("operator.rollback")).toEqual([]);

      expect(await alice(...wanted, "--yes")).toMatchObject({ code: 0, stderr: "" });
      const asked = await stage.first("operator.rollback");
      expect(asked).toMatchObject({ by: "token:alice", reason: "data-corruption", note: "totals are wrong" });
      await stage.first("rollback.verified");
      await usersGet(stage, "vcci-api:v1");
      const key = `rollbackd/${asked.target}/${asked.target}@2`;
      await stage.paged([
        { action: "trigger", key, summary: expect.stringContaining("by hand: data-corruption, token:alice") },
        { action: "resolve", key },
      ]);
      const told = await fetch(`${daemon.url}/api/v1/decisions/${asked.decisionId}/report`);
      expect(await told.text()).toContain("Code is rolled back; data is not");
    },
  );
});
