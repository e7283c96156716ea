import { expect, it } from "vitest";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startApiGate } from "./api-gate.ts";
import { deploymentNow } from "./cluster-state.ts";
import { createOutage } from "./prometheus-outage.ts";
import { createStage, evaluatedFor, inState, PATIENCE, settled, type Stage, TIMEOUT_MS } from "./stage.ts";

/** A window of these tests and some slots: what would happen has happened by then. */
const FOR_SECONDS = 5;
const LONG_ENOUGH = FOR_SECONDS + 4;

const timeout = TIMEOUT_MS;

/** The release is still the one that was made, and rollbackd never began anything. */
async function expectUntouched(stage: Stage, image: string, revision: string): Promise<void> {
  expect(await deploymentNow(stage.world)).toEqual({ image, revision, decision: undefined, rollbacks: [] });
  expect(await stage.all("rollback.started")).toEqual([]);
}

const isErrorRate = ({ trigger }: { readonly trigger: string }): boolean => trigger === "error-rate";

/** Changes how the Pods that run now behave, as a broken dependency would: without a release. */
async function behave({ world }: Stage, behaviour: object): Promise<void> {
  const pods = world.kubelet.pods().filter(({ ready }) => ready);
  const answers = await Promise.all(
    pods.map(({ ip }) =>
      fetch(`http://${ip}:8000/control`, { method: "POST", body: JSON.stringify(behaviour) }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(pods.map(() => 200));
}

describeOnCluster("rollbackd does not act", (kubeconfig) => {
  const setting = { kubeconfig, replicas: 1, forSeconds: FOR_SECONDS } as const;

  it.concurrent(
    "no traffic: a share of next to nothing says nothing",
    { timeout },
    async ({ onTestFinished }) => {
      const stage = await createStage(setting);
      onTestFinished(stage.stop);
      const daemon = await stage.start();
      await settled(daemon);
      // Every fourth of these requests will fail, but they are fewer than one a second.
      stage.world.traffic.setRate(0.7);
      const unknown = await stage.first("trigger.unknown", ({ reason }) => reason.includes("low-traffic"));
      expect(unknown).toMatchObject({ trigger: "error-rate", from: "inactive" });
      await stage.world.release("vcci-api:v2");
      await stage.first("release.ready", ({ release }) => release.endsWith("@2"));
      await evaluatedFor(daemon, LONG_ENOUGH);
      await inState(daemon, "unknown", "error-rate");
      expect(await stage.all("decision.made")).toEqual([]);
      expect(stage.pages()).toEqual([]);
      await expectUntouched(stage, "vcci-api:v2", "2");
    },
  );

  it.concurrent(
    "trap 3: Prometheus is down during a breach: blind pages, nothing fires until a window is known again",
    { timeout },
    async ({ onTestFinished }) => {
      // Long enough to be over only after Prometheus is down.
      const forSeconds = 10;
      const stage = await createStage({ ...setting, forSeconds, override: { blindAfter: "3s" } });
      onTestFinished(stage.stop);
      const outage = createOutage(stage.world.prometheus);
      onTestFinished(outage.over);
      const daemon = await stage.start();
      await settled(daemon);
      await stage.world.release("vcci-api:v2");
      await stage.first(
        "trigger.pending",
        ({ trigger, value = 0 }) => trigger === "error-rate" && value > 0.05,
      );
      await outage.begin();
      const blind = await stage.first("evaluation.blind");
      const key = "rollbackd/blind/vcci-api";
      await stage.paged([{ action: "trigger", key, summary: "rollbackd is blind for vcci-api" }]);
      expect((await daemon.ready()).text).toContain("no usable answer");
      await evaluatedFor(daemon, forSeconds + 2);
      expect(await stage.all("decision.made")).toEqual([]);
      await expectUntouched(stage, "vcci-api:v2", "2");

      await outage.end();
      const sighted = await stage.first("evaluation.sighted");
      expect(sighted.blindMs).toBeGreaterThan(3_000);
      await eventually(
        "both sides of the page",
        () =>
          expect(stage.pages().slice(0, 2)).toMatchObject([
            { action: "trigger", key },
            { action: "resolve", key },
          ]),
        PATIENCE,
      );
      // Then it is the release's turn, on what was measured since.
      const decision = await stage.first("decision.made");
      expect(decision).toMatchObject({ decision: "rollback", trigger: "error-rate" });
      const { samples } = decision.evidence.find(({ trigger }) => trigger === "error-rate") ?? {};
      expect(samples?.at(0)?.at).toBeGreaterThan(Date.parse(blind.at));
    },
  );

  it.concurrent(
    "trap 6: a breach that was there before the release calls for help, once, until it ends",
    { timeout },
    async ({ onTestFinished }) => {
      const stage = await createStage({ ...setting, forSeconds: 12 });
      onTestFinished(stage.stop);
      // What runs stays beside the release for longer than that, so that there is no moment without a value.
      await stage.world.kubectl("patch", "deployment/vcci-api", "-p", '{"spec":{"minReadySeconds":30}}');
      const daemon = await stage.start();
      await settled(daemon);
      await behave(stage, { errorRate: 0.5 });
      await stage.first("trigger.pending", isErrorRate);
      await evaluatedFor(daemon, 1);
      await stage.world.release("vcci-api:v2");
      const decision = await stage.first("decision.made");
      expect(decision).toMatchObject({ decision: "escalate", reason: "breach-predates-release" });
      const key = `rollbackd/${decision.target}/${decision.target}@2`;
      await stage.paged([{ action: "trigger", key }]);
      await evaluatedFor(daemon, LONG_ENOUGH);
      expect(stage.pages()).toHaveLength(1);
      await expectUntouched(stage, "vcci-api:v2", "2");

      await behave(stage, { errorRate: 0 });
      await stage.paged([
        { action: "trigger", key },
        { action: "resolve", key },
      ]);
      await evaluatedFor(daemon, 3);
      expect(stage.pages()).toHaveLength(2);
      await expectUntouched(stage, "vcci-api:v2", "2");
    },
  );

  it.concurrent("a fix that is shipped in time is left alone", { timeout }, async ({ onTestFinished }) => {
    const stage = await createStage({ ...setting, forSeconds: 12 });
    onTestFinished(stage.stop);
    const daemon = await stage.start();
    await settled(daemon);
    await stage.world.release("vcci-api:v2");
    await stage.first("trigger.pending", isErrorRate);
    await stage.world.release("vcci-api:v3");
    const { target } = await stage.first("release.observed", ({ revision }) => revision === "3");
    expect(await stage.all("release.superseded")).toMatchObject([
      { release: `${target}@1`, by: `${target}@2` },
      { release: `${target}@2`, by: `${target}@3` },
    ]);
    await settled(daemon);
    expect(await stage.all("decision.made")).toEqual([]);
    expect(stage.pages()).toEqual([]);
    await expectUntouched(stage, "vcci-api:v3", "3");
  });

  it.concurrent("observe mode says what it would have done", { timeout }, async ({ onTestFinished }) => {
    const stage = await createStage({ ...setting, override: { mode: "observe" } });
    onTestFinished(stage.stop);
    const daemon = await stage.start();
    await settled(daemon);
    await stage.world.release("vcci-api:v2");
    expect(await stage.first("decision.made")).toMatchObject({
      decision: "hold",
      reason: "observe-mode",
      otherReasons: [],
      to: { revision: "1" },
    });
    await eventually(
      "Slack knows",
      () => {
        expect(stage.slackTitles()).toEqual([
          expect.stringMatching(
            /^2\d(\.\d)? % errors after v2: would have rolled back \S+ to v1 \(observe mode\)$/,
          ),
        ]);
      },
      PATIENCE,
    );
    await evaluatedFor(daemon, LONG_ENOUGH);
    expect(await stage.all("decision.made")).toHaveLength(1);
    expect(stage.pages()).toEqual([]);
    await expectUntouched(stage, "vcci-api:v2", "2");
  });

  it.concurrent(
    "a target that does not exist: it runs and is unready, and begins when the target comes",
    { timeout },
    async ({ onTestFinished }) => {
      const stage = await createStage(setting);
      onTestFinished(stage.stop);
      const { kubectl } = stage.world;
      const manifest = JSON.parse(await kubectl("get", "deployment/vcci-api", "-o", "json")) as object;
      await kubectl("delete", "deployment/vcci-api", "--wait=true");
      const daemon = await stage.start();
      await eventually(
        "it is unready and says why",
        async () => {
          const { status, text } = await daemon.ready();
          expect({ status, text }).toMatchObject({
            status: 503,
            text: expect.stringContaining(`There is no deployment`),
          });
          expect(text).toContain("Check the names in the policy's target");
        },
        PATIENCE,
      );
      await stage.world.api.create(
        `/apis/apps/v1/namespaces/${stage.world.namespace}/deployments`,
        anew(manifest),
      );
      await eventually(
        "it is ready",
        async () => expect(await daemon.ready()).toMatchObject({ status: 200 }),
        PATIENCE,
      );
      await stage.first("release.ready");
      await settled(daemon);
      // The probe had nobody to answer it, which is no fault of what came.
      await expectUntouched(stage, "vcci-api:v1", "1");
      // From here on it is guarded like any other target.
      await stage.world.release("vcci-api:v2");
      await stage.first("decision.made", ({ decision }) => decision === "rollback");
    },
  );

  it.concurrent(
    "an API server that is away, at the start or later: it runs and is unready, and goes on when it answers",
    { timeout },
    async ({ onTestFinished }) => {
      const folder = temporaryFolder();
      onTestFinished(folder.remove);
      const gate = await startApiGate(kubeconfig, folder.path);
      onTestFinished(gate.close);
      const stage = await createStage(setting);
      onTestFinished(stage.stop);
      const open = gate.shut();
      const daemon = await stage.start({ KUBECONFIG: gate.kubeconfig });
      await eventually(
        "it is unready and says why",
        async () => {
          const { status, text } = await daemon.ready();
          expect(status).toBe(503);
          expect(text).toContain("Check the target in the rules file, the API server");
          expect(gate.passed).toEqual([]);
        },
        PATIENCE,
      );
      open();
      await eventually(
        "it is ready",
        async () => expect(await daemon.ready()).toMatchObject({ status: 200 }),
        PATIENCE,
      );
      await stage.first("release.ready");
      await expectUntouched(stage, "vcci-api:v1", "1");

      // Away again, for longer than a watch takes to be resumed.
      const openAgain = gate.shut();
      await eventually(
        "it is unready and says since when",
        async () => {
          const { status, text } = await daemon.ready();
          expect({ status, text }).toMatchObject({
            status: 503,
            text: expect.stringMatching(
              /the target has not been followed for 3\d(\.\d)? s, since .*no answer from/,
            ),
          });
        },
        PATIENCE,
      );
      openAgain();
      await eventually(
        "it is ready again",
        async () => expect(await daemon.ready()).toMatchObject({ status: 200 }),
        PATIENCE,
      );
    },
  );
});

/** What a person would apply again. */
function anew(manifest: object): object {
  const { spec } = manifest as { readonly spec: object };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "vcci-api", labels: { app: "vcci-api" } },
    spec,
  };
}
