import type { FastifyRequest } from "fastify";
import { decideByHand } from "../../src/decisions/manual.ts";
import type { Situation } from "../../src/decisions/situation.ts";
import { unknownPolicy, UNWRITABLE } from "../../src/daemon/refusals.ts";
import { errorFromAnswer, errorFromFailure } from "../../src/kubernetes/error.ts";
import { createAccess, type Verdict } from "../../src/server/access/access.ts";
import { MINUTE, policy, release, revision, TEN } from "../support/model.ts";
import { OPEN } from "../support/replay.ts";
import type { Shown } from "./shown.ts";

const REF = {
  group: "apps",
  resource: "deployments",
  namespace: "vcci-production",
  name: "vcci-api",
} as const;

/** What people hear instead of what they asked for. */
export async function refused(): Promise<readonly Shown[]> {
  return [...byHand(), ...beforehand(), ...(await byAccess()), ...byCluster()];
}

const situation: Situation = {
  at: TEN,
  policy: policy(),
  firing: [],
  release: release(),
  earlier: [revision("1", { standing: "quarantined" })],
  predecessorBreaching: false,
  rollbacks: [],
  lastAttemptAt: undefined,
  gates: OPEN,
  confirmation: undefined,
};

/** What people should know before they agree to a rollback that they asked for. */
function beforehand(): readonly Shown[] {
  const gates = { ...OPEN, frozen: "token:bob froze it at 2026-03-02 09:30:00Z until it is resumed" };
  const owners = [{ tool: "helm", name: "shop", seenIn: "label app.kubernetes.io/managed-by" }] as const;
  const asked = [
    decideByHand(situation, "1"),
    decideByHand({ ...situation, earlier: [revision("1")], predecessorBreaching: true }, "1"),
    decideByHand({ ...situation, gates, owners, lastAttemptAt: TEN - MINUTE }, "1"),
  ];
  const warnings = asked.flatMap((answer) => (answer.ok ? answer.warnings : []));
  return [...new Set(warnings)].map((text) => ({
    group: "Before a rollback by hand (CLI and HTTP)",
    name: "a note beside the plan",
    text,
    isNews: true as const,
  }));
}

function byHand(): readonly Shown[] {
  const asked = [
    decideByHand(
      { ...situation, gates: { ...OPEN, logUnwritable: "The decision log cannot be written: ENOSPC" } },
      undefined,
    ),
    decideByHand({ ...situation, gates: { ...OPEN, notLeader: "rollbackd-1 leads" } }, undefined),
    decideByHand({ ...situation, release: release({ reversible: false }) }, undefined),
    decideByHand({ ...situation, release: undefined }, undefined),
    decideByHand(situation, undefined),
    decideByHand(situation, "17"),
    decideByHand(situation, "2"),
  ];
  const refusals = asked.flatMap((answer) =>
    answer.ok ? [] : [{ reason: answer.reason, detail: answer.detail }],
  );
  const others = [UNWRITABLE, unknownPolicy("vcci-apu")].map(({ reason = "not-found", detail }) => ({
    reason,
    detail,
  }));
  return [...refusals, ...others].map(({ reason, detail }) => ({
    group: "Refusals of a rollback, freeze or answer (CLI and HTTP)",
    name: reason,
    text: detail,
  }));
}

async function byAccess(): Promise<readonly Shown[]> {
  const request = (remoteAddress: string, authorization?: string) =>
    ({
      headers: { authorization },
      socket: { remoteAddress },
      method: "POST",
      url: "/",
    }) as unknown as FastifyRequest;
  const access = (authorities: number, waitSeconds = 0) =>
    createAccess({
      authorities: Array.from({ length: authorities }, () => async () => undefined),
      attempts: { waitSeconds: () => waitSeconds, failed: () => undefined },
      logger: { warn: () => undefined },
    });
  const operate = { scope: "operate", verb: "rollback" } as const;
  const read = { scope: "read", verb: "get" } as const;
  const nobody = async (): Promise<undefined> => undefined;
  const verdicts: readonly (readonly [string, Verdict])[] = [
    ["nothing is configured", await access(0)(request("10.0.0.9"), operate, nobody)],
    ["nothing is configured, and only read", await access(0)(request("10.0.0.9"), read, nobody)],
    ["no token", await access(1)(request("10.0.0.9"), operate, nobody)],
    ["an unknown token", await access(1)(request("10.0.0.9", "Bearer x"), operate, nobody)],
    ["too many wrong tokens", await access(1, 41)(request("10.0.0.9", "Bearer x"), operate, nobody)],
  ];
  return verdicts.map(([name, verdict]) => ({
    group: "Who may not (HTTP)",
    name,
    text: verdict.ok ? "" : `${verdict.status} ${verdict.detail}`,
  }));
}

function byCluster(): readonly Shown[] {
  const answer = (status: number, message: string) =>
    errorFromAnswer({ verb: "patch", ref: REF }, status, JSON.stringify({ kind: "Status", message }));
  const errors = [
    answer(401, "Unauthorized"),
    answer(403, 'User "rollbackd" cannot patch resource "deployments"'),
    answer(403, 'admission webhook "policy.example" denied the request: no changes on Fridays'),
    answer(404, 'deployments.apps "vcci-api" not found'),
    answer(409, "the object has been modified"),
    answer(500, "etcdserver: request timed out"),
    errorFromFailure({ verb: "patch", ref: REF }, "https://10.0.0.1:6443", new Error("connect ECONNREFUSED")),
  ];
  return errors.map(({ kind, message }) => ({
    group: "Errors of the API server (within other messages)",
    name: kind,
    text: message,
    // What to do stands in the message that quotes it, where it is not in the error itself.
    isNews: true as const,
  }));
}
