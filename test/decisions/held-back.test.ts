import { expect, test } from "vitest";
import { heldBack, heldBackFrom } from "../../src/decisions/held-back.ts";
import type { Situation } from "../../src/decisions/situation.ts";
import { policy, release, revision } from "../support/model.ts";
import { situation as aSituation } from "../support/situation.ts";

const PAUSED = { reason: "paused", detail: "api is paused" } as const;

const situation = (changes: Partial<Situation> = {}) => aSituation({ heldBack: [PAUSED], ...changes });

test("a workload that is held back cannot be rolled back, one that is not can", () => {
  expect(heldBack(situation())).toBe("api is paused");
  expect(heldBack(situation({ heldBack: [] }))).toBeUndefined();
});

test("a script may know a way of its own", () => {
  const strategy = {
    kind: "script",
    script: { command: ["true"], cwd: undefined, env: {}, timeoutMs: 1 },
  } as const;
  const { rollback } = policy();
  const scripted = policy({ rollback: { ...rollback, strategy } });
  expect(heldBack(situation({ policy: scripted }))).toBeUndefined();
});

test("a member of a group counts if it would be moved, and not if it stays as it is", () => {
  const group = (api: string, worker: string) =>
    revision(`api:${api},worker:${worker}`, {
      digest: `${api}-${worker}`,
      standing: "good",
      members: { api: { name: api, digest: api }, worker: { name: worker, digest: worker } },
    });
  const of = (to: ReturnType<typeof group>, member: string) =>
    situation({
      release: release({ revision: group("2", "2"), previous: to }),
      earlier: [to],
      heldBack: [{ ...PAUSED, member }],
    });
  expect(heldBack(of(group("1", "2"), "api"))).toBe("api is paused");
  expect(heldBack(of(group("1", "2"), "worker"))).toBeUndefined();
  expect(heldBackFrom(of(group("1", "2"), "worker"), group("2", "1"))).toBe("api is paused");
});
