import { afterEach, expect, it } from "vitest";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { deploymentStrategy } from "../../src/rollback/deployment.ts";
import type { RollbackOrder } from "../../src/rollback/act.ts";
import { startStubApi, type StubApi } from "../kubernetes/stub-api.ts";
import { policy, revision } from "../support/model.ts";
import { fewTries } from "./tries.ts";

const ORDER: RollbackOrder = {
  decisionId: "d1",
  policy: policy(),
  target: "vcci-production/vcci-api",
  release: "vcci-production/vcci-api@2",
  uid: "uid",
  from: revision("2"),
  to: revision("1"),
  reason: "errors",
};

let stub: StubApi | undefined;
afterEach(() => stub?.stop());

async function strategyAgainst(answer: Parameters<typeof startStubApi>[0]) {
  stub = await startStubApi(answer);
  const api = kubeApi(stub.connection, { timeoutMs: 200 });
  return { stub, strategy: fewTries(deploymentStrategy({ api, now: Date.now, boundMs: 500 })) };
}

it("trap 24: an API server that hangs is given up on within the bound, and the act says so", async () => {
  const { stub, strategy } = await strategyAgainst(() => undefined);
  const began = performance.now();
  const outcome = await strategy.act(ORDER, new AbortController().signal);
  expect(performance.now() - began).toBeLessThan(8_000);
  expect(outcome).toMatchObject({ kind: "failed", reason: "unreachable" });
  expect(outcome.detail).toContain(`no answer from ${stub.connection.server}`);
  expect(stub.requests.every((request) => request.startsWith("GET"))).toBe(true);
});

it("nobody can say whether an act happened while the API server is away", async () => {
  const { strategy } = await strategyAgainst((_, response) => response.writeHead(503).end());
  expect(await strategy.inspect(ORDER)).toBe("not-observable");
});

it("does nothing after it was told to stop", async () => {
  const { stub, strategy } = await strategyAgainst((_, response) => response.writeHead(503).end());
  const outcome = await strategy.act(ORDER, AbortSignal.abort());
  expect(outcome).toMatchObject({ kind: "failed", reason: "unreachable" });
  expect(stub.requests.some((request) => request.startsWith("PATCH"))).toBe(false);
});
