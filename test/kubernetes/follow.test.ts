import type { ServerResponse } from "node:http";
import { afterEach, expect, it } from "vitest";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { follow, type Follow, type FollowStatus, type Pace } from "../../src/kubernetes/follow.ts";
import type { KubeObject } from "../../src/kubernetes/objects.ts";
import { eventually } from "../support/eventually.ts";
import { startStubApi, statusBody, type StubApi } from "./stub-api.ts";

const PACE: Pace = { minBackoffMs: 10, maxBackoffMs: 50, watchSeconds: 60, idleMs: 60_000 };

let stub: StubApi | undefined;
let followed: Follow<KubeObject> | undefined;
afterEach(async () => {
  await followed?.stop();
  await stub?.stop();
});

interface Script {
  /** Answers the n-th list, the first being 1. */
  readonly list?: (response: ServerResponse, nth: number) => void;
  readonly watch: (response: ServerResponse, nth: number) => void;
}

async function start({ list = listOf("100", "a"), watch }: Script, pace: Partial<Pace> = {}) {
  const seen: FollowStatus[] = [];
  let lists = 0;
  let watches = 0;
  stub = await startStubApi((request, response) => {
    if (request.url?.includes("watch=true")) watch(response, (watches += 1));
    else list(response, (lists += 1));
  });
  followed = follow({
    api: kubeApi(stub.connection),
    ref: { group: "", resource: "pods", namespace: "shop" },
    selection: { labelSelector: "app=vcci-api" },
    onChange: () => undefined,
    onStatus: (status) => seen.push(status),
    now: Date.now,
    pace: { ...PACE, ...pace },
  });
  return { follow: followed, stub, seen };
}

function object(name: string, resourceVersion: string): object {
  return { metadata: { name, uid: name, resourceVersion } };
}

function listOf(version: string, ...names: readonly string[]) {
  return (response: ServerResponse) => {
    response.end(
      JSON.stringify({
        metadata: { resourceVersion: version },
        items: names.map((name) => object(name, version)),
      }),
    );
  };
}

function event(type: string, name: string, resourceVersion: string): string {
  return `${JSON.stringify({ type, object: object(name, resourceVersion) })}\n`;
}

const names = () => followed?.items()?.map(({ metadata }) => metadata.name);

it("adds, changes and removes as it is told, also when events come in pieces", async () => {
  await start({
    watch: (response) => {
      const text = event("ADDED", "b", "101") + event("ADDED", "c", "102") + event("DELETED", "a", "103");
      response.write(text.slice(0, 30));
      setTimeout(() => response.write(text.slice(30)), 20);
    },
  });
  await eventually("b and c", () => expect(names()).toEqual(["b", "c"]));
});

it("resumes where the server ended the watch, bookmarks counted, without listing again", async () => {
  const { stub } = await start({
    watch: (response, nth) => {
      if (nth === 1) response.end(event("ADDED", "b", "101") + event("BOOKMARK", "", "150"));
    },
  });
  await eventually("a second watch", () => expect(stub.requests).toHaveLength(3));
  expect(stub.requests[1]).toContain("resourceVersion=100");
  expect(stub.requests[2]).toContain("resourceVersion=150");
  expect(names()).toEqual(["a", "b"]);
});

it.each<[string, (response: ServerResponse) => void]>([
  ["the watch", (response) => void response.writeHead(410).end(statusBody(410, "too old resource version"))],
  [
    "an event",
    (response) =>
      void response.end(
        `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } })}\n`,
      ),
  ],
])("lists again, and reports no trouble, when %s says that the version is gone", async (_, gone) => {
  const { seen } = await start({
    list: (response, nth) => (nth === 1 ? listOf("100", "a") : listOf("200", "b"))(response),
    watch: (response, nth) => {
      if (nth === 1) gone(response);
    },
  });
  await eventually("only what the second list says", () => expect(names()).toEqual(["b"]));
  expect(seen.map(({ state }) => state)).toEqual(["synced"]);
});

it.each<[string, (response: ServerResponse) => void]>([
  ["breaks off", (response) => response.destroy()],
  ["sends what is no JSON", (response) => void response.end("<html>\n")],
  ["answers 500", (response) => void response.writeHead(500).end("oops")],
  ["is forbidden", (response) => void response.writeHead(403).end(statusBody(403, "User cannot watch"))],
])("a watch that %s leaves what was seen, tells since when it is stale, and comes back", async (_, fail) => {
  const { follow, seen } = await start({
    list: (response, nth) => (nth === 1 ? listOf("100", "a") : listOf("200", "b"))(response),
    watch: (response, nth) => {
      if (nth === 1) fail(response);
    },
  });
  await eventually("stale, then synced", () =>
    expect(seen.map(({ state }) => state)).toEqual(["synced", "stale", "synced"]),
  );
  expect(follow.status().state).toBe("synced");
  expect(names()).toEqual(["b"]);
});

it("says since when it is stale, not since the last of many errors", async () => {
  const { seen } = await start({
    list: (response) => void response.writeHead(503).end("away"),
    watch: () => undefined,
  });
  await eventually("three errors", () => expect(seen.length).toBeGreaterThan(2));
  expect(new Set(seen.map((status) => status.state === "stale" && status.since)).size).toBe(1);
  expect(followed?.items()).toBeUndefined();
});

it("does not wait for ever on a watch in which nothing is heard", async () => {
  const { stub } = await start(
    { watch: (response) => response.writeHead(200).flushHeaders() },
    { idleMs: 100 },
  );
  await eventually("listed again", () =>
    expect(stub.requests.filter((request) => !request.includes("watch=true")).length).toBeGreaterThan(1),
  );
});

it("does not hammer a server that ends every watch at once", async () => {
  const { stub } = await start(
    { watch: (response) => void response.end() },
    { minBackoffMs: 100, maxBackoffMs: 100 },
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(stub.requests.length).toBeLessThan(13);
});

it("stopped, it asks nothing more and changes nothing", async () => {
  const { follow, stub } = await start({
    watch: (response) => void response.write(event("ADDED", "b", "101")),
  });
  await eventually("b", () => expect(names()).toEqual(["a", "b"]));
  await follow.stop();
  const asked = stub.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(stub.requests).toHaveLength(asked);
  expect(names()).toEqual(["a", "b"]);
});
