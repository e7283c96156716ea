import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { type PolicySeen, type Right, rightsOf } from "../../src/daemon/rights.ts";
import type { GitOpsOwner } from "../../src/releases/gitops-owner.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { metricTrigger, policy } from "../support/model.ts";

const DEPLOY = resolve(import.meta.dirname, "../../deploy");
const NAMESPACE = "vcci-production";
const SETTINGS = { argocdNamespace: "argocd" };

const seen = (changes: Partial<Policy> = {}, ...owners: readonly GitOpsOwner[]): PolicySeen => ({
  policy: policy(changes),
  owners,
});
const GROUP = seen({ target: { kind: "group", namespace: NAMESPACE, deployments: ["api", "worker"] } });
const STATEFUL = seen({
  target: { kind: "statefulset", namespace: NAMESPACE, statefulSet: "db" },
  rollback: { ...policy().rollback, strategy: { kind: "statefulset" } },
});
const BLUE_GREEN = seen({
  target: {
    kind: "blue-green",
    namespace: NAMESPACE,
    service: "api",
    label: "color",
    colors: ["blue", "green"],
  },
  rollback: { ...policy().rollback, strategy: { kind: "blue-green" } },
});
const VULNERABILITY = seen({
  triggers: [
    { kind: "vulnerability", name: "cve", mode: "approve", hash: "h", atLeast: "critical", ignore: [] },
  ],
});
const ALL = [seen(), GROUP, STATEFUL, BLUE_GREEN, VULNERABILITY];

/** `verb group/resource`, once each. */
function calls(rights: readonly Right[]): readonly string[] {
  return [...new Set(rights.map(({ verb, ref }) => `${verb} ${ref.group}/${ref.resource}`))].toSorted();
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** What the Roles of manifests allow, in the same form. */
function allowedBy(...files: readonly string[]): readonly string[] {
  const rules = files.flatMap((file) =>
    parseAllDocuments(readFileSync(join(DEPLOY, file), "utf8")).flatMap(
      (document) => (document.toJS() as { rules?: readonly Rule[] }).rules ?? [],
    ),
  );
  return rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    )
    .toSorted();
}

describe("the rights that rollbackd asks for", () => {
  it("are those of the Roles of deploy/, no more and no fewer, for all kinds of target together", () => {
    expect(calls(rightsOf(ALL, SETTINGS))).toEqual(allowedBy("role.yaml", "secrets/role.yaml"));
  });

  it("are those of deploy/clusterrole.yaml where people are let in by the cluster", () => {
    expect(calls(rightsOf([], { ...SETTINGS, audience: "rollbackd" }))).toEqual(
      allowedBy("clusterrole.yaml"),
    );
  });

  it("are those of deploy/gitops for owners that a policy suspends, by name and namespace", () => {
    const owners: readonly GitOpsOwner[] = [
      { tool: "argocd", name: "shop", seenIn: "x" },
      { tool: "flux-kustomization", name: "apps", namespace: "flux-system", seenIn: "x" },
      { tool: "flux-helmrelease", name: "api", namespace: "flux-system", seenIn: "x" },
      { tool: "helm", name: "api", namespace: NAMESPACE, seenIn: "x" },
    ];
    const of = (changes: Partial<Policy>) =>
      rightsOf([seen(changes, ...owners)], SETTINGS).filter(({ why }) => why.startsWith("suspend"));
    expect(calls(of({ gitops: "suspend" }))).toEqual(allowedBy("gitops/argocd.yaml", "gitops/flux.yaml"));
    expect(of({ gitops: "suspend" }).find(({ ref }) => ref.resource === "applications")?.ref).toMatchObject({
      namespace: "argocd",
      name: "shop",
    });
    expect(of({ gitops: "refuse" })).toEqual([]);
  });

  it("are optional reads of owners where a policy refuses, and none where it acts whatever they do", () => {
    const owners: readonly GitOpsOwner[] = [
      { tool: "flux-helmrelease", name: "api", namespace: "flux-system", seenIn: "x" },
      { tool: "controller", kind: "KafkaConnect", name: "api", namespace: NAMESPACE, seenIn: "x" },
    ];
    const of = (changes: Partial<Policy>) =>
      rightsOf([seen(changes, ...owners)], SETTINGS).filter(({ why }) => why.includes("owner of the target"));
    expect(of({ gitops: "refuse" })).toMatchObject([
      { verb: "get", need: "optional", ref: { resource: "helmreleases", name: "api" } },
    ]);
    expect(of({ gitops: "warn" })).toEqual([]);
  });

  it("name each Deployment of a group", () => {
    const named = rightsOf([GROUP], SETTINGS).filter(
      ({ verb, need }) => verb === "patch" && need === "needed",
    );
    expect(named.map(({ ref }) => ref.name)).toEqual(["api", "worker"]);
  });

  it("are none for a script, which has credentials of its own", () => {
    const script = seen({ target: { kind: "script", namespace: NAMESPACE, releaseExpr: undefined } });
    expect(rightsOf([script], SETTINGS)).toEqual([]);
  });

  it.each<[string, Partial<Policy>, Right["need"]]>([
    ["needed where a trigger acts", {}, "needed"],
    ["needed where a person approves", { triggers: [metricTrigger({ mode: "approve" })] }, "needed"],
    ["optional where all only observe", { triggers: [metricTrigger({ mode: "observe" })] }, "optional"],
    [
      "optional where a script does it",
      {
        rollback: {
          ...policy().rollback,
          strategy: {
            kind: "script",
            script: { command: ["sh"], cwd: undefined, env: {}, timeoutMs: 1_000 },
          },
        },
      },
      "optional",
    ],
  ])("to patch the target are %s", (_, changes, need) => {
    const patch = rightsOf([seen(changes)], SETTINGS).find(
      ({ verb, ref }) => verb === "patch" && ref.resource === "deployments",
    );
    expect(patch?.need).toBe(need);
  });

  it("ask for no Secret, ConfigMap or mark as something without which nothing works", () => {
    const needed = rightsOf(ALL, SETTINGS).filter(({ need }) => need === "needed");
    expect(
      calls(needed).filter((call) => /secrets|configmaps|patch apps\/(replica|controller)/u.test(call)),
    ).toEqual([]);
  });
});
