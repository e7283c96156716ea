import { expect, it } from "vitest";
import type { KubeObject, ManagedFields } from "../../src/kubernetes/objects.ts";
import { fieldsOf, pathsOf } from "../../src/rollback/field-owners.ts";
import { handBackSteps } from "../../src/rollback/hand-back.ts";

const API = 'k:{"name":"api"}';
const DECISION = { "f:annotations": { "f:rollbackd.io/decision": {} } };

function object(...managedFields: readonly ManagedFields[]): KubeObject {
  const made = { name: "api", uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };
  return { metadata: { ...made, managedFields } };
}

function entry(
  manager: string,
  operation: "Apply" | "Update",
  container: object,
  metadata?: object,
): ManagedFields {
  const template = { "f:template": { "f:spec": { "f:containers": { [API]: container } } } };
  return {
    manager,
    operation,
    fieldsV1: { ...(metadata && { "f:metadata": metadata }), "f:spec": template },
  };
}

/** What each manager owns once the steps were taken. */
function after({ metadata }: KubeObject, steps: ReturnType<typeof handBackSteps>) {
  const fields = new Map((metadata.managedFields ?? []).map((one, index) => [`${index}`, one]));
  for (const step of steps ?? []) {
    if (step.op === "remove" || step.op === "test") continue;
    fields.set(step.path.split("/").at(-1) ?? "", step.value as ManagedFields);
  }
  return Object.fromEntries([...fields.values()].map(({ manager = "", fieldsV1 }) => [manager, fieldsV1]));
}

const CI = entry("ci", "Apply", { ".": {}, "f:name": {}, "f:image": {} });
const CI_LEFT = entry("ci", "Apply", { ".": {}, "f:name": {} });

it("field paths and fieldsV1 are two forms of the same", () => {
  const fields = CI.fieldsV1;
  expect(fieldsOf(pathsOf(CI))).toEqual(fields);
});

it("hand-back gives a changed field to the applier that had it, and keeps rollbackd's annotations", () => {
  const now = object(entry("rollbackd", "Update", { "f:image": {} }, DECISION), CI_LEFT);
  const owners = after(now, handBackSteps(object(CI), now));
  expect(owners["ci"]).toEqual(CI.fieldsV1);
  expect(owners["rollbackd"]).toEqual({ "f:metadata": DECISION });
});

it("hand-back gives what was put back to the applier of what is around it", () => {
  const variable = { "f:env": { ".": {}, 'k:{"name":"OLD"}': { ".": {}, "f:name": {}, "f:value": {} } } };
  const now = object(entry("rollbackd", "Update", variable, DECISION), CI);
  const owners = after(now, handBackSteps(object(CI), now));
  expect(owners["rollbackd"]).toEqual({ "f:metadata": DECISION });
  expect(JSON.stringify(owners["ci"])).toContain("OLD");
});

it("hand-back leaves a field that a manager without apply had before", () => {
  const now = object(entry("rollbackd", "Update", { "f:args": {} }, DECISION), CI);
  expect(handBackSteps(object(CI, entry("kubectl-edit", "Update", { "f:args": {} })), now)).toBeUndefined();
});

it("hand-back brings back an applier that lost all its fields", () => {
  const injector = entry("injector", "Apply", { "f:args": {} });
  const now = object(entry("rollbackd", "Update", { "f:args": {} }, DECISION), CI);
  const owners = after(now, handBackSteps(object(CI, injector), now));
  expect(owners["injector"]).toEqual(injector.fieldsV1);
});

it("hand-back gives a change cause back to the applier that had it", () => {
  const cause = { "f:annotations": { "f:kubernetes.io/change-cause": {} } };
  const ours = { "f:annotations": { ...DECISION["f:annotations"], ...cause["f:annotations"] } };
  const now = object(entry("rollbackd", "Update", { "f:image": {} }, ours), CI_LEFT);
  const before = object({ ...CI, fieldsV1: { ...CI.fieldsV1, "f:metadata": cause } });
  const owners = after(now, handBackSteps(before, now));
  expect(owners["rollbackd"]).toEqual({ "f:metadata": DECISION });
  expect(owners["ci"]).toMatchObject({ "f:metadata": cause });
});

it("hand-back has nothing to do when no one applies on the server", () => {
  const now = object(entry("rollbackd", "Update", { "f:image": {} }, DECISION));
  expect(handBackSteps(object(entry("helm", "Update", { "f:image": {} })), now)).toBeUndefined();
});
