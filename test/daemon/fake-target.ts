import { longRunning } from "../support/vulnerabilities.ts";
import type { PodTemplate } from "../../src/kubernetes/objects.ts";
import type { GitOpsOwner } from "../../src/releases/gitops-owner.ts";
import type { HeldBack } from "../../src/releases/held-back.ts";
import type { PastRollback, Release, Revision, Standing } from "../../src/releases/release.ts";
import type { Lookup, TargetWatch } from "../../src/releases/watch.ts";
import type { ActOutcome, Applied, Strategy } from "../../src/rollback/act.ts";
import type { RollbackStrategy } from "../../src/rules/policy.ts";
import { revision } from "../support/model.ts";

/** A target that runs one revision and remembers the others, as a Deployment does. */
export interface FakeTarget {
  readonly watch: TargetWatch;
  /** Somebody ships a version; `digest` is what runs then. */
  readonly ship: (digest: string, at: number) => void;
  readonly running: () => string;
  /** Times that an act changed it. */
  readonly acts: () => number;
  /** By version, by container. */
  readonly images: Map<string, Readonly<Record<string, string>>>;
  readonly strategy: (kind: RollbackStrategy["kind"], now: () => number) => Strategy;
  readonly mark: (digest: string, standing: Standing) => void;
  /** The target cannot be looked at; undefined: it can. */
  trouble: Extract<Lookup, { ok: false }> | undefined;
  /** When the cluster gave up on the rollout of what runs; undefined: it did not. */
  stalledAt: number | undefined;
  /** Who else has a say in it, and who wrote what is shipped. */
  owners: readonly GitOpsOwner[];
  /** Why nothing that is put back takes effect. */
  heldBack: readonly HeldBack[];
  /** What a policy that names a Service finds behind it. */
  deployments: readonly string[];
  writer: string | undefined;
  /** What its next tries come to, one after the other, instead of what they would. */
  readonly answers: ActOutcome[];
  /** What a rehearsal says. */
  rehearsed: ActOutcome;
  /** Only a fresh look shows what is true; `current` stays with what was. */
  stale: boolean;
  /** What admission makes of a version that a rollback puts back. */
  admit: (digest: string) => string;
}

function templateOf(digest: string): PodTemplate {
  return { spec: { containers: [{ name: "api", image: `shop:${digest}` }] } };
}

interface Run {
  readonly name: string;
  readonly digest: string;
  readonly startedAt: number;
  readonly cause: Release["cause"];
  readonly writtenBy?: string;
}

export function fakeTarget(
  target: string,
  first: { readonly digest: string; readonly at: number },
): FakeTarget {
  const runs: Run[] = [];
  const standings = new Map<string, Standing>();
  const done: PastRollback[] = [];
  let acts = 0;
  let shown: Lookup | undefined;

  const ship = (digest: string, startedAt: number, cause: Release["cause"] = "deploy"): void => {
    const writtenBy = cause === "deploy" ? fake.writer : undefined;
    const name = String(runs.length + 1);
    runs.push({ name, digest, startedAt, cause, ...(writtenBy !== undefined && { writtenBy }) });
  };
  const revisionOf = ({ name, digest }: Run): Revision =>
    revision(name, {
      digest,
      standing: standings.get(digest) ?? "unproven",
      ...longRunning(fake.images.get(digest) ?? {}),
    });
  const current = (): Run => runs.at(-1) ?? { name: "0", digest: "", startedAt: 0, cause: "deploy" };

  const look = (): Lookup => {
    if (fake.trouble !== undefined) return fake.trouble;
    const live = current();
    const others = runs.filter(({ digest }) => digest !== live.digest).toReversed();
    const earlier = [...new Map(others.toReversed().map((run) => [run.digest, run])).values()].toReversed();
    const before = runs.at(-2);
    const release: Release = {
      id: `${target}@${live.name}`,
      target,
      revision: revisionOf(live),
      previous: before && revisionOf(before),
      startedAt: live.startedAt,
      clockAt: live.startedAt,
      cause: live.cause,
      reversible: true,
      ...(live.writtenBy !== undefined && { writtenBy: live.writtenBy }),
    };
    const { stalledAt } = fake;
    const rollout =
      stalledAt === undefined || live.startedAt > stalledAt
        ? { complete: true, stalled: false, detail: "1 of 1 pods updated, 1 ready" }
        : { complete: false, stalled: true, stalledAt, detail: "1 of 1 pods updated, 0 ready" };
    const snapshot = {
      target,
      uid: "u1",
      release,
      earlier: earlier.map(revisionOf),
      rollbacks: [...done],
      rollout,
      ...(fake.owners.length > 0 && { owners: fake.owners }),
      heldBack: fake.heldBack,
      deployments: fake.deployments,
      templates: new Map(runs.map(({ digest }) => [digest, templateOf(digest)])),
    };
    return { ok: true, snapshot };
  };

  const applied = (asked: string): Applied => {
    const digest = fake.admit(asked);
    return { kind: "applied", detail: `runs ${digest}`, ...(digest !== asked && { runs: { digest } }) };
  };

  const fake: FakeTarget = {
    trouble: undefined,
    stalledAt: undefined,
    owners: [],
    heldBack: [],
    deployments: [],
    writer: undefined,
    stale: false,
    admit: (digest) => digest,
    answers: [],
    rehearsed: { kind: "applied", detail: "it would pass" },
    images: new Map(),
    watch: {
      current: () => {
        if (!fake.stale || shown === undefined) shown = look();
        return shown;
      },
      reread: async () => look(),
      onChange: () => () => undefined,
      stop: async () => undefined,
    },
    ship: (digest, at) => {
      ship(digest, at);
    },
    running: () => current().digest,
    acts: () => acts,
    mark: (digest, standing) => void standings.set(digest, standing),
    strategy: (kind, now) => ({
      repeatable: kind !== "script",
      rehearse: async () => fake.rehearsed,
      act: async ({ decisionId, from, to }) => {
        const answer = fake.answers.shift();
        if (answer !== undefined) return answer;
        const isDone = done.some((past) => past.decisionId === decisionId);
        // A Deployment's write carries its decision; a script runs again whenever it is run.
        if (kind !== "script" && isDone) return { kind: "applied", detail: "done before" };
        if (current().digest !== from.digest) {
          return {
            kind: "failed",
            reason: "superseded",
            detail: `now runs ${current().digest}`,
            changed: false,
          };
        }
        acts += 1;
        ship(fake.admit(to.digest), now(), "rollback");
        done.unshift({ decisionId, at: now(), fromDigest: from.digest });
        return applied(to.digest);
      },
      settle: async ({ to }) => applied(to.digest),
      inspect: async ({ decisionId, from }) => {
        if (fake.trouble !== undefined) return "not-observable";
        if (done.some((past) => past.decisionId === decisionId)) return "applied";
        return current().digest === from.digest ? "not-applied" : "moved";
      },
    }),
  };
  ship(first.digest, first.at);
  return fake;
}
