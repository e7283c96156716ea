import { afterEach, describe, expect, it } from "vitest";
import { Ajv } from "ajv";
import { createHistory } from "../../src/daemon/history.ts";
import { NOTHING_CARRIED } from "../../src/daemon/pass.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import { fakeTarget } from "../daemon/fake-target.ts";
import { MINUTE, TEN } from "../support/model.ts";
import type { RecordBody } from "../../src/log/record.ts";
import { openLog } from "../../src/log/writer.ts";
import { createAccess } from "../../src/server/access/access.ts";
import { countAttempts } from "../../src/server/access/attempts.ts";
import { createApp } from "../../src/server/app.ts";
import { eventRoute } from "../../src/server/event-routes.ts";
import { logRoutes } from "../../src/server/log-routes.ts";
import { policyRoutes } from "../../src/server/policy-routes.ts";
import { loadRules } from "../../src/rules/load.ts";
import { NOT_HANDLED } from "../daemon/not-handled.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const run of cleanUps.splice(0).reverse()) await run();
});

function decision(index: number): RecordBody {
  const made = { target: "ns/vcci-api", trigger: "error-rate", otherReasons: [], evidence: [] };
  const decisionId = `d-${index}`;
  const hold = index % 2 === 0;
  return {
    type: "decision.made",
    policy: "vcci-api",
    decisionId,
    ...made,
    decision: hold ? "hold" : "rollback",
    reason: hold ? "observe-mode" : "rollback",
    summary: `number ${index}`,
  };
}

/** `told` is on record beside the decisions. */
async function world(told: readonly RecordBody[] = [], lookup?: Lookup) {
  const folder = temporaryFolder();
  cleanUps.push(folder.remove);
  let at = Date.UTC(2026, 0, 1);
  const log = await openLog(folder.path, { now: () => (at += 1000) });
  cleanUps.push(log.close);
  const history = createHistory();
  const now = (): number => at;
  for (let index = 1; index <= 5; index += 1) history.apply(await log.append(decision(index)));
  for (const body of told) history.apply(await log.append(body));
  const { policies } = await loadRules("rules");
  const running = () =>
    policies.map((policy) =>
      Object.assign({}, NOT_HANDLED, { policy, carried: () => ({ ...NOTHING_CARRIED, lookup }) }),
    );
  const ending = new AbortController();
  const routes = [
    ...policyRoutes({ running, history, now }),
    ...logRoutes({
      folder: folder.path,
      running,
      people: { history, now },
      scrub: (text) => text.replaceAll("HUNTER2", "[secret]"),
    }),
    eventRoute({ folder: folder.path, ...log, signal: ending.signal }),
  ];
  const app = createApp({
    version: "1.2.3",
    health: { hindrances: () => [], detailed: () => Promise.reject(new Error()) as never },
    metrics: { contentType: "text/plain", metrics: async () => "" },
    report: (error) => {
      throw error;
    },
    routes,
    access: createAccess({
      authorities: [],
      attempts: countAttempts(Date.now),
      logger: { warn: () => undefined },
    }),
  });
  cleanUps.push(
    () => app.close(),
    () => ending.abort(),
  );
  return { app, log, routes, ending };
}

const waiting = {
  ...decision(6),
  decision: "escalate",
  reason: "awaiting-approval",
  approveUntil: "2026-01-01T00:10:00.000Z",
} as RecordBody;
const frozen: RecordBody = {
  type: "operator.freeze",
  policy: "vcci-api",
  by: "token:alice",
  note: "load test",
  until: "2026-01-01T02:00:00.000Z",
};
const answered = { policy: "vcci-api", decisionId: "d-6", by: "token:bob" } as const;

describe("the read API", () => {
  it("describes every route, and answers as described", async () => {
    const { app, routes } = await world([waiting, frozen]);
    const document = (await app.inject("/openapi.json")).json();
    expect(Object.keys(document.paths)).toHaveLength(routes.length);
    for (const [url, path] of [
      ["/api/v1/policies", "/api/v1/policies"],
      ["/api/v1/policies/vcci-api", "/api/v1/policies/{name}"],
      ["/api/v1/policies/vcci-api/samples", "/api/v1/policies/{name}/samples"],
      ["/api/v1/releases", "/api/v1/releases"],
      ["/api/v1/decisions", "/api/v1/decisions"],
      ["/api/v1/decisions/d-3", "/api/v1/decisions/{id}"],
      ["/api/v1/decisions/d-6", "/api/v1/decisions/{id}"],
    ] as const) {
      const reply = await app.inject(url);
      expect([url, reply.statusCode]).toEqual([url, 200]);
      const { schema } = document.paths[path].get.responses[200].content["application/json"];
      const ajv = new Ajv({ strict: false, validateFormats: false });
      ajv.validate(schema, reply.json());
      expect(ajv.errors).toBeNull();
    }
  });

  describe("what people decided and are asked", () => {
    it.each(["/api/v1/policies/vcci-api", "/api/v1/decisions/d-6"])(
      "is in %s for as long as it holds",
      async (url) => {
        const { app } = await world([waiting, frozen]);
        expect((await app.inject(url)).json()).toMatchObject({
          frozen: { by: "token:alice", note: "load test", until: "2026-01-01T02:00:00.000Z" },
          pendingApproval: {
            decisionId: "d-6",
            state: "waiting",
            trigger: "error-rate",
            until: "2026-01-01T00:10:00.000Z",
          },
        });
        const over = await world([
          waiting,
          frozen,
          { type: "operator.resume", policy: "vcci-api", by: "token:bob" },
          { type: "operator.reject", ...answered },
        ]);
        expect((await over.app.inject(url)).json()).not.toHaveProperty("frozen");
        expect((await over.app.inject(url)).json()).not.toHaveProperty("pendingApproval");
      },
    );

    it("an approval that has not acted yet says who gave it; another decision does not wait", async () => {
      const { app } = await world([waiting, { type: "operator.approve", ...answered }]);
      const { pendingApproval } = (await app.inject("/api/v1/policies/vcci-api")).json();
      expect(pendingApproval).toMatchObject({ state: "approved", by: "token:bob" });
      expect((await app.inject("/api/v1/decisions/d-5")).json()).not.toHaveProperty("pendingApproval");
    });
  });

  it("releases stand as the log remembers them, too", async () => {
    const { watch, ship } = fakeTarget("ns/vcci-api", { digest: "v1", at: TEN });
    ship("v2", TEN + MINUTE);
    const seen = {
      policy: "vcci-api",
      target: "ns/vcci-api",
      startedAt: new Date(TEN).toISOString(),
    } as const;
    const as = (digest: string): RecordBody => ({
      type: "release.observed",
      ...seen,
      release: `ns/vcci-api@${digest}`,
      revision: digest,
      digest,
      cause: "deploy",
      quarantined: false,
    });
    const good = { policy: "vcci-api", release: "ns/vcci-api@v1", digest: "v1" } as const;
    const { app } = await world([as("v1"), { type: "release.promoted", ...good }, as("v2")], watch.current());
    const { releases } = (await app.inject("/api/v1/releases")).json();
    expect(releases).toMatchObject([
      { digest: "v2", standing: "unproven" },
      { digest: "v1", standing: "good" },
    ]);
  });

  it("a page of decisions goes on where the one before ended, also when records come between", async () => {
    const { app, log } = await world();
    const first = (await app.inject("/api/v1/decisions?limit=2")).json();
    expect(first.decisions.map((each: { decisionId: string }) => each.decisionId)).toEqual(["d-5", "d-4"]);
    await log.append(decision(6));
    const second = (await app.inject(`/api/v1/decisions?limit=3&cursor=${first.nextCursor}`)).json();
    expect(second.decisions.map((each: { decisionId: string }) => each.decisionId)).toEqual([
      "d-3",
      "d-2",
      "d-1",
    ]);
    expect(second).not.toHaveProperty("nextCursor");
  });

  it("a decision has its report, without secrets; one that is not there has none", async () => {
    const { app, log } = await world();
    await log.append({ ...decision(7), summary: "it said HUNTER2" } as RecordBody);
    const reply = await app.inject("/api/v1/decisions/d-7/report");
    expect(reply.headers["content-type"]).toBe("text/markdown; charset=utf-8");
    expect(reply.body).toMatch(/^# ns\/vcci-api is being rolled back\n\n.*it said \\\[secret\\\]/su);
    const missing = await app.inject("/api/v1/decisions/d-8/report");
    expect(missing.statusCode).toBe(404);
    expect(missing.json().detail).toMatch(/no decision d-8/u);
  });

  it("decisions are filtered by kind and time", async () => {
    const { app } = await world();
    const url = "/api/v1/decisions?decision=hold&from=2026-01-01T00:00:03Z&to=2026-01-01T00:00:04Z";
    const ids = (await app.inject(url)).json().decisions.map((each: { seq: number }) => each.seq);
    expect(ids).toEqual([2]);
  });

  it.each([
    ["/api/v1/policies?x=1", 400, "The query parameter `x` is not known here; leave it out."],
    ["/api/v1/decisions?limit=0", 400, "The query parameter `limit` must be >= 1."],
    ["/api/v1/decisions?limit=501", 400, "The query parameter `limit` must be <= 500."],
    ["/api/v1/decisions?from=yesterday", 400, 'The query parameter `from` must match format "date-time".'],
    ["/api/v1/decisions?decision=undo", 400, "must be equal to one of the allowed values: rollback, hold"],
    ["/api/v1/policies/other", 404, "There is no policy other. In force: vcci-api."],
    ["/api/v1/decisions/d-9", 404, "There is no decision d-9"],
  ])("%s is %i, and says why", async (url, status, detail) => {
    const { app } = await world();
    const reply = await app.inject(url);
    expect(reply.headers["content-type"]).toContain("application/problem+json");
    expect(reply.json().detail).toContain(detail);
    expect(reply.statusCode).toBe(status);
  });

  it.each([
    ["10.0.0.7", {}],
    ["127.0.0.1", { host: "rebound.example:9480" }],
    ["127.0.0.1", { "x-forwarded-for": "10.0.0.7" }],
  ])("without a token only this machine itself may read, not %s with %j", async (remoteAddress, headers) => {
    const { app } = await world();
    const reply = await app.inject({ url: "/api/v1/policies", remoteAddress, headers });
    expect(reply.statusCode).toBe(403);
    expect(reply.json().detail).toContain("ROLLBACKD_API_TOKENS_FILE");
  });
});

describe("events", () => {
  it("go on after Last-Event-ID, then live, and end with the process", async () => {
    const { app, log, ending } = await world();
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const response = await fetch(`${url}/api/v1/events`, { headers: { "last-event-id": "3" } });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    let text = "";
    const reading = (async () => {
      for await (const part of response.body ?? []) text += Buffer.from(part).toString();
    })();
    await eventually("the fifth", () => expect(text).toContain("id: 5\n"));
    await log.append(decision(6));
    await eventually("the sixth", () => expect(text).toContain("id: 6\nevent: decision.made\ndata: {"));
    ending.abort();
    await reading;
    expect([...text.matchAll(/^id: (\d+)$/gmu)].map(([, id]) => id)).toEqual(["4", "5", "6"]);
  });

  it("a Last-Event-ID that is no number is refused", async () => {
    const { app } = await world();
    const reply = await app.inject({ url: "/api/v1/events", headers: { "last-event-id": "x" } });
    expect(reply.statusCode).toBe(400);
  });
});
