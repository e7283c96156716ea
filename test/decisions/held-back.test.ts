import { expect, test } from "vitest";
import { heldBack, heldBackNextStep, heldBackWarnings } from "../../src/decisions/held-back.ts";
import type { Situation } from "../../src/decisions/situation.ts";
import type { HeldBack } from "../../src/releases/held-back.ts";
import { policy, release, revision } from "../support/model.ts";
import { paused, situation as aSituation } from "../support/situation.ts";

const situation = (changes: Partial<Situation> = {}) => aSituation({ heldBack: [paused("api")], ...changes });

const strategyOf = (kind: "OnDelete" | "partition", needsPerson = false): HeldBack => {
  return { kind, namespace: "shop", name: "db", detail: `db has ${kind}`, needsPerson };
};

/** Commands and hints that would let the release go on while the target has its template. */
const SPREADS = /rollout resume|partition"?: ?0|RollingUpdate|delete pod/iu;

test("a paused Deployment keeps automation from acting, and one that is not paused does not", () => {
  expect(heldBack(situation())).toBe("api is paused");
  expect(heldBack(situation({ heldBack: [] }))).toBeUndefined();
});

test.each(["OnDelete", "partition"] as const)(
  "%s keeps automation from acting only while no pod runs the release",
  (kind) => {
    expect(heldBack(situation({ heldBack: [strategyOf(kind)] }))).toBeUndefined();
    expect(heldBack(situation({ heldBack: [strategyOf(kind, true)] }))).toBe(`db has ${kind}`);
  },
);

test.each([paused("api"), strategyOf("OnDelete", true), strategyOf("partition", true)])(
  "the next step for $kind is to put the template back, and names no command that spreads the release",
  (held) => {
    const next = heldBackNextStep(situation({ heldBack: [held] }));
    expect(next).toContain("rollbackd rollback vcci-api --reason other");
    expect(next).not.toMatch(SPREADS);
  },
);

test.each([paused("api"), strategyOf("OnDelete"), strategyOf("partition")])(
  "the warnings for $kind name no command that spreads the release",
  (held) => {
    const warnings = heldBackWarnings(situation({ heldBack: [held] }), revision("1"));
    expect(warnings).toHaveLength(1);
    expect(warnings.join(" ")).not.toMatch(SPREADS);
  },
);

test("a script may know a way of its own", () => {
  const strategy = {
    kind: "script",
    script: { command: ["true"], cwd: undefined, env: {}, timeoutMs: 1 },
  } as const;
  const { rollback } = policy();
  const scripted = policy({ rollback: { ...rollback, strategy } });
  expect(heldBack(situation({ policy: scripted }))).toBeUndefined();
});

test("a paused member of a group counts if it would be moved, and not if it stays as it is", () => {
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
      heldBack: [paused("api", { member })],
    });
  expect(heldBack(of(group("1", "2"), "api"))).toBe("api is paused");
  expect(heldBack(of(group("1", "2"), "worker"))).toBeUndefined();
  expect(heldBackWarnings(of(group("1", "2"), "worker"), group("2", "1"))).toHaveLength(1);
});
