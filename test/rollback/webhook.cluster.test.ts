import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { connect, type Connection } from "../../src/kubernetes/connect.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import { deploymentStrategy } from "../../src/rollback/deployment.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { startAdmissionWebhook, type AdmissionWebhook } from "../faults/admission-webhook.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { decision, failed, started } from "../notifications/story.ts";
import { eventually } from "../support/eventually.ts";
import { policy } from "../support/model.ts";
import { createScene, type Scene } from "./deployment-scene.ts";
import { type EndOfTry, fewTries } from "./tries.ts";

const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const NEVER = new AbortController().signal;

describeOnCluster("trap 24: an admission webhook stands between rollbackd and a Deployment", (kubeconfig) => {
  let scene: Scene;
  let webhook: AdmissionWebhook;
  let connection: Connection;
  let configuration: string;

  beforeAll(async () => {
    scene = await createScene(kubeconfig);
    webhook = await startAdmissionWebhook();
    connection = await connect(kubeconfig);
    configuration = `judge-${scene.namespace}`;
    await scene.create("judged", ["vcci-api:v1", "vcci-api:v2"]);
    await scene.kubectl("label", "namespace", scene.namespace, `judged=${configuration}`);
  });
  afterAll(async () => {
    await scene.harness.remove(`${CONFIGURATIONS}/${configuration}`).catch(() => undefined);
    webhook.close();
    await connection.close();
    await scene.stop();
  });

  /** Puts it in the way and waits until the API server, which learns of it a moment later, asks it. */
  const judgedWithin = async (timeoutSeconds: number) => {
    await scene.harness.remove(`${CONFIGURATIONS}/${configuration}`).catch(() => undefined);
    const object = judge(configuration, webhook.clientConfig, timeoutSeconds);
    await scene.harness.create(CONFIGURATIONS, object);
    webhook.set({ kind: "deny", code: 403, message: "it is there" });
    await eventually("the webhook is asked", async () => {
      const label = `tried=${randomUUID()}`;
      const said = scene.kubectl("label", "--overwrite", "deployment/judged", label).catch(String);
      expect(await said).toContain("it is there");
    });
  };
  const rollBack = async (bounds: { readonly patchTimeoutMs?: number; readonly boundMs?: number } = {}) => {
    const { target, uid, release } = await scene.snapshot("judged");
    if (release.previous === undefined) throw new Error("nothing to go back to");
    const api = kubeApi(connection, bounds);
    const { act, inspect } = fewTries(deploymentStrategy({ api, now: Date.now, ...bounds }));
    const order = {
      decisionId: randomUUID(),
      policy: policy(),
      target,
      uid,
      release: release.id,
      from: release.revision,
      to: release.previous,
      reason: "errors",
    };
    const outcome = await act(order, NEVER);
    expect(await inspect(order)).toBe("not-applied");
    return outcome;
  };

  describe("one that says no", () => {
    beforeAll(() => judgedWithin(10));

    it.each([403, 404, 409, 422, 429, 503])(
      "with status %i is a change that was refused, and people read its own words",
      async (code) => {
        webhook.set({ kind: "deny", code, message: "you cannot deploy on a Friday" });
        const outcome = await rollBack();
        expect(outcome).toMatchObject({ kind: "failed", reason: "rejected" });
        expect(pageOf(outcome)).toContain(
          'admission webhook "judge.example.org" denied the request: you cannot deploy on a Friday',
        );
        expect(pageOf(outcome)).toContain("the cluster refused the change");
        expect(pageOf(outcome)).toContain("Fix or switch off the rule or webhook that refuses it");
      },
    );
  });

  describe("one that hangs", () => {
    beforeAll(() => judgedWithin(1));

    it("is named as soon as the API server gives up waiting for it", async () => {
      webhook.set({ kind: "hang" });
      const began = performance.now();
      const outcome = await rollBack();
      expect(performance.now() - began).toBeLessThan(14_000);
      expect(outcome).toMatchObject({ kind: "failed", reason: "rejected" });
      expect(pageOf(outcome)).toContain('failed calling webhook "judge.example.org"');
    });

    it("for longer than rollbackd waits does not hold it up, and the page says where to look", async () => {
      await judgedWithin(30);
      webhook.set({ kind: "hang" });
      const began = performance.now();
      const outcome = await rollBack({ patchTimeoutMs: 1_000, boundMs: 5_000 });
      expect(performance.now() - began).toBeLessThan(25_000);
      expect(outcome).toMatchObject({ kind: "failed", reason: "unreachable" });
      expect(pageOf(outcome)).toContain("kubectl get validatingwebhookconfigurations");
    });
  });
});

/** All that the team reads of it. */
function pageOf(outcome: EndOfTry): string {
  if (outcome.kind !== "failed") throw new Error(`it was ${outcome.kind}`);
  const { reason, detail } = outcome;
  const records = [decision("d1"), started("d1"), { ...failed("d1", reason), detail }];
  const page = recordsOf(records).map(createTeller()).at(-1)?.[0];
  return [page?.title, ...(page?.lines ?? [])].join("\n");
}

function judge(name: string, clientConfig: AdmissionWebhook["clientConfig"], timeoutSeconds: number): object {
  return {
    metadata: { name },
    webhooks: [
      {
        name: "judge.example.org",
        clientConfig,
        failurePolicy: "Fail",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        timeoutSeconds,
        namespaceSelector: { matchLabels: { judged: name } },
        rules: [
          { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["deployments"] },
        ],
      },
    ],
  };
}
