import { describe, expect, test } from "vitest";
import { afterEffects, ownedElsewhere, ownersNextStep } from "../../src/decisions/gitops.ts";
import type { Situation } from "../../src/decisions/situation.ts";
import type { GitOpsOwner } from "../../src/releases/gitops-owner.ts";
import type { GitOpsMode } from "../../src/rules/policy.ts";
import { policy, release, TEN } from "../support/model.ts";
import { OPEN } from "../support/replay.ts";

const flux: GitOpsOwner = {
  tool: "flux-kustomization",
  namespace: "flux-system",
  name: "apps",
  seenIn: "label x",
};
const helm: GitOpsOwner = { tool: "helm", namespace: "web", name: "shop", seenIn: "annotation y" };

const situation = (gitops: GitOpsMode, ...owners: readonly GitOpsOwner[]): Situation => ({
  at: TEN,
  policy: policy({ gitops }),
  firing: [],
  release: release(),
  earlier: [],
  predecessorBreaching: false,
  rollbacks: [],
  lastAttemptAt: undefined,
  owners,
  gates: OPEN,
  confirmation: undefined,
});

describe("a target that Git keeps", () => {
  test("is not touched unless the policy says so, and its owner is named", () => {
    expect(ownedElsewhere(situation("refuse", flux))).toBe(
      "Flux Kustomization flux-system/apps (label x) keeps it as it is in Git and would bring the release back",
    );
    expect(ownedElsewhere(situation("warn", flux))).toBeUndefined();
    expect(ownedElsewhere(situation("refuse"))).toBeUndefined();
  });

  test("is acted on with a warning of who will undo it", () => {
    expect(afterEffects(situation("warn", flux))).toEqual([
      "Flux Kustomization flux-system/apps (label x) will undo this at its next sync: revert the release in Git.",
    ]);
  });

  test("is acted on after its owner is suspended, which is to be resumed by people", () => {
    expect(ownedElsewhere(situation("suspend", flux))).toBeUndefined();
    expect(afterEffects(situation("suspend", flux))[0]).toMatch(/is suspended first.*then resume it/u);
  });

  test("is not one that Helm alone released: nothing but a helm upgrade undoes that", () => {
    expect(ownedElsewhere(situation("refuse", helm))).toBeUndefined();
    expect(afterEffects(situation("refuse", helm))[0]).toMatch(/^Helm release web\/shop .* helm upgrade/u);
  });
});

describe("a target that an operator makes from a resource of its own", () => {
  const operator: GitOpsOwner = {
    tool: "controller",
    kind: "KafkaConnect",
    name: "orders",
    apiVersion: "kafka.strimzi.io/v1beta2",
    namespace: "web",
    seenIn: "controlling ownerReference",
  };
  const EDIT = "kubectl -n web edit kafkaconnect.v1beta2.kafka.strimzi.io orders";

  test("is not touched with refuse: kind, name and version of the owner are named, and the command that changes it", () => {
    expect(ownedElsewhere(situation("refuse", operator))).toBe(
      "KafkaConnect web/orders (kafka.strimzi.io/v1beta2) owns it (controlling ownerReference), and its operator would bring the release back",
    );
    expect(ownersNextStep(situation("refuse", operator))).toContain(EDIT);
  });

  test("is not touched with suspend either, which says that an operator cannot be suspended", () => {
    expect(ownedElsewhere(situation("suspend", operator, flux))).toMatch(
      /^KafkaConnect .*rollbackd cannot suspend an operator$/u,
    );
    expect(ownersNextStep(situation("suspend", flux, operator))).toContain(EDIT);
  });

  test("is acted on with warn, and the warning says where to change the release", () => {
    expect(ownedElsewhere(situation("warn", operator))).toBeUndefined();
    expect(afterEffects(situation("warn", operator))[0]).toMatch(
      new RegExp(`will undo this: .*${EDIT}`, "u"),
    );
  });

  test("has no next step of its own where Git is the place to change the release", () => {
    expect(ownersNextStep(situation("refuse", flux))).toBeUndefined();
  });
});
