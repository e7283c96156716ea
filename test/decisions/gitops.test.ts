import { describe, expect, test } from "vitest";
import { afterEffects, ownedElsewhere } from "../../src/decisions/gitops.ts";
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
