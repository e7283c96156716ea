import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import type { ResourceRef } from "../../src/kubernetes/resource.ts";
import { startStubApi, statusBody, type StubApi } from "./stub-api.ts";

const REF: ResourceRef = { group: "apps", resource: "deployments", namespace: "shop", name: "vcci-api" };

let stub: StubApi | undefined;
afterEach(async () => {
  await stub?.stop();
  stub = undefined;
});

async function failing(status: number, body: string): Promise<KubeError> {
  stub = await startStubApi((_, response) => response.writeHead(status).end(body));
  return rejection(kubeApi(stub.connection).get(REF));
}

async function rejection(work: Promise<unknown>): Promise<KubeError> {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof KubeError)) throw new Error(`expected a KubeError, not ${String(error)}`);
  return error;
}

describe("an answer that is not a success has a kind, a message and a next step", () => {
  it.each<[number, string, string, boolean, string]>([
    [400, "the body is wrong", "rejected", false, "the body is wrong"],
    [401, "Unauthorized", "unauthorized", false, "Check the token or client certificate"],
    [403, 'User "bot" cannot get resource "deployments"', "forbidden", false, 'verbs: ["get"]'],
    [403, 'admission webhook "policy" denied the request: no', "rejected", false, "denied the request: no"],
    [403, 'admission webhook "policy" denied the request: you cannot', "rejected", false, "you cannot"],
    [404, 'admission webhook "policy" denied the request: no such ticket', "rejected", false, "ticket"],
    [409, 'admission webhook "policy" denied the request: locked', "rejected", false, "locked"],
    [403, "ValidatingAdmissionPolicy 'p' denied request: you cannot", "rejected", false, "you cannot"],
    [404, "not found", "not-found", false, "Check the names in the policy's target"],
    [409, "the object has been modified", "conflict", true, "has been modified"],
    [410, "too old resource version", "gone", true, "too old"],
    [422, "spec.template: Invalid value", "rejected", false, "Invalid value"],
    [429, "too many requests", "server", true, "too many"],
    [500, 'failed calling webhook "policy": timeout', "rejected", false, "failed calling webhook"],
    [503, "etcd is away", "server", true, "etcd is away"],
  ])("%i %s", async (status, message, kind, retryable, shown) => {
    const error = await failing(status, statusBody(status, message));
    expect(error).toMatchObject({ kind, status, retryable });
    expect(error.message).toContain('Could not get deployment "vcci-api" in namespace "shop"');
    expect(error.message).toContain(shown);
  });

  it("a proxy's page is not shown, its status is", async () => {
    const error = await failing(502, "<html>Bad Gateway</html>");
    expect(error).toMatchObject({ kind: "server", status: 502 });
    expect(error.message).toContain("answered 502");
    expect(error.message).not.toContain("html");
  });
});

describe("an error of a change says whether the change may have been made", () => {
  async function changing(answer: Parameters<typeof startStubApi>[0]): Promise<KubeError> {
    stub = await startStubApi(answer);
    const api = kubeApi(stub.connection, { timeoutMs: 150 });
    return rejection(api.patch(REF, { kind: "merge", value: {} }));
  }

  it.each<[number, boolean]>([
    [400, false],
    [403, false],
    [409, false],
    [422, false],
    [429, false],
    [500, true],
    [502, true],
    [503, true],
    [504, true],
  ])("%i: %s", async (status, mayHaveChanged) => {
    const error = await changing((_, response) => response.writeHead(status).end());
    expect(error).toMatchObject({ status, mayHaveChanged });
  });

  it("a webhook that failed let nothing pass", async () => {
    const said = statusBody(500, 'Internal error: failed calling webhook "policy": timeout');
    expect(await changing((_, response) => response.writeHead(500).end(said))).toMatchObject({
      kind: "rejected",
      mayHaveChanged: false,
    });
  });

  it.each<[string, Parameters<typeof startStubApi>[0]]>([
    ["an answer that does not come", () => undefined],
    ["an answer that breaks off", (_, response) => response.writeHead(200).write("{")],
    ["a connection that is cut after the request", (request) => request.socket.destroy()],
  ])("%s says nothing: it may have been made", async (_, answer) => {
    expect(await changing(answer)).toMatchObject({ kind: "unreachable", mayHaveChanged: true });
  });

  it("a server that does not listen was not asked", async () => {
    stub = await startStubApi(() => undefined);
    const connection = { ...stub.connection, server: "http://127.0.0.1:1" };
    const error = await rejection(kubeApi(connection).patch(REF, { kind: "merge", value: {} }));
    expect(error).toMatchObject({ kind: "unreachable", mayHaveChanged: false });
  });

  it.each<[string, number | undefined]>([
    ["1", 1_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["soon", undefined],
  ])("and how long to wait: Retry-After %s", async (header, retryAfterMs) => {
    const error = await changing((_, response) =>
      response.writeHead(429, { "retry-after": header }).end(statusBody(429, "too many requests")),
    );
    expect(error).toMatchObject({ kind: "server", retryAfterMs, mayHaveChanged: false });
  });
});

describe("a call is bounded", () => {
  it.each<[string, Parameters<typeof startStubApi>[0]]>([
    ["by a server that never answers", () => undefined],
    [
      "by a server that stops in the middle of its answer",
      (_, response) => response.writeHead(200).write('{"a":'),
    ],
  ])("%s", async (_, answer) => {
    stub = await startStubApi(answer);
    const began = performance.now();
    const error = await rejection(kubeApi(stub.connection, { timeoutMs: 150 }).get(REF));
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(error).toMatchObject({ kind: "unreachable", status: undefined, retryable: true });
    expect(error.message).toContain(`no answer from ${stub.connection.server}`);
    expect(error.message).toContain("Check that the API server runs");
  });

  it("by a server that accepts the connection and does not even shake hands", async () => {
    const mute = createServer();
    await new Promise<void>((resolve) => {
      mute.listen(0, "127.0.0.1", resolve);
    });
    stub = await startStubApi(() => undefined);
    const server = `https://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const began = performance.now();
    const error = await rejection(kubeApi({ ...stub.connection, server }, { timeoutMs: 150 }).get(REF));
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(error.kind).toBe("unreachable");
    mute.close();
  });

  it("by credentials that never come", async () => {
    stub = await startStubApi(() => undefined);
    const connection = { ...stub.connection, headers: () => new Promise<never>(() => undefined) };
    const error = await rejection(kubeApi(connection, { timeoutMs: 100 }).get(REF));
    expect(error.kind).toBe("unreachable");
  });

  it("by the caller's signal", async () => {
    stub = await startStubApi(() => undefined);
    const error = await rejection(kubeApi(stub.connection).get(REF, AbortSignal.timeout(50)));
    expect(error.kind).toBe("unreachable");
  });

  it("and a server that is not there is named", async () => {
    stub = await startStubApi(() => undefined);
    const { connection } = stub;
    await stub.stop();
    stub = undefined;
    const error = await rejection(kubeApi({ ...connection, server: "http://127.0.0.1:1" }).get(REF));
    expect(error.kind).toBe("unreachable");
    expect(error.message).not.toContain("secret-token");
  });
});

it("renews the connections when the credentials are no longer accepted", async () => {
  stub = await startStubApi((_, response) => response.writeHead(401).end(statusBody(401, "Unauthorized")));
  let renewed = 0;
  await rejection(kubeApi({ ...stub.connection, renew: () => (renewed += 1) }).get(REF));
  expect(renewed).toBe(1);
});
