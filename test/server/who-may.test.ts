import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Commands } from "../../src/daemon/commands.ts";
import { createAccess } from "../../src/server/access/access.ts";
import { countAttempts } from "../../src/server/access/attempts.ts";
import { tokensFile } from "../../src/server/access/tokens-file.ts";
import { createApp } from "../../src/server/app.ts";
import { changeRoutes } from "../../src/server/change-routes.ts";
import { onlyOnce } from "../../src/server/once.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { vulnerabilityRoute } from "../../src/server/vulnerability-route.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const run of cleanUps.splice(0).reverse()) await run();
});

const hash = (token: string): string => createHash("sha256").update(token).digest("hex");
const TOKENS = `
- {name: alice, sha256: ${hash("alice-secret")}, scopes: [read, operate]}
- {name: reader, sha256: ${hash("reader-secret")}, scopes: [read]}
- {name: ci, sha256: ${hash("ci-secret").toUpperCase()}, scopes: [operate], policies: [web]}
- {name: old, sha256: ${hash("old-secret")}, scopes: [operate], expires: "2020-01-01T00:00:00Z"}
`;

/** `tokens`: null where nobody was told who may. */
function stage(tokens: string | null = TOKENS) {
  const folder = temporaryFolder();
  cleanUps.push(folder.remove);
  const file = join(folder.path, "tokens.yaml");
  if (tokens !== null) writeFileSync(file, tokens);
  const clock = { now: 0 };
  const asked: unknown[] = [];
  const refused: unknown[] = [];
  const problems: string[] = [];
  const plan = { policy: "vcci-api" } as never;
  const told =
    <T extends object>(what: string, answer: T) =>
    async (...args: unknown[]) => {
      asked.push([what, ...args]);
      return { ok: true, ...answer } as const;
    };
  const commands: { -readonly [Name in keyof Commands]: Commands[Name] } = {
    plan: told("plan", { plan }),
    rollback: told("rollback", { decisionId: "d-1", plan }),
    freeze: told("freeze", { freezes: [] }),
    resume: async () => ({ ok: false, kind: "refused", reason: "not-frozen", detail: "It is not frozen." }),
    approve: told("approve", { policy: "vcci-api" }),
    reject: async () => ({ ok: false, kind: "not-found", detail: "No such decision." }),
    release: told("release", { release: "r" }),
    vulnerabilities: told("vulnerabilities", { images: [], found: {}, policies: [] }),
    policyOfDecision: async () => "vcci-api",
  };
  const now = () => clock.now;
  const app = createApp({
    version: "1",
    health: { hindrances: () => [], detailed: () => ({}) as never },
    metrics: { contentType: "text/plain", metrics: async () => "" },
    report: (error) => void problems.push(String(error)),
    routes: [...changeRoutes({ commands, once: onlyOnce(now), now }), vulnerabilityRoute(commands)],
    access: createAccess({
      authorities:
        tokens === null
          ? []
          : [tokensFile({ file, now: Date.now, onProblem: (it) => void problems.push(it) })],
      attempts: countAttempts(now),
      logger: { warn: (...args: unknown[]) => void refused.push(args) },
    }),
  });
  const post = (path: string, token: string | undefined, payload?: object, headers = {}) =>
    app.inject({
      method: "POST",
      url: `/api/v1/${path}`,
      ...(payload && { payload }),
      headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    });
  return { post, asked, refused, problems, file, clock, commands };
}

describe("a version that is told", () => {
  it.each([
    "",
    " ",
    "v1 ",
    "v1\n",
    "v\u0000",
    "v\u001b[2J",
    "v\u009b31m",
    "v\u202e1",
    "v1\u200b",
    "v\u20281",
    "v\ud83d",
  ])("is none that is %j", async (version) => {
    const { post, asked } = stage();
    const { statusCode } = await post("policies/web/releases", "alice-secret", { version });
    expect([statusCode, asked]).toEqual([400, []]);
  });

  it("may have spaces in it", async () => {
    const { post } = stage();
    const payload = { version: "1.4.2 (build 7)" };
    expect((await post("policies/web/releases", "alice-secret", payload)).statusCode).toBe(200);
  });
});

describe("changes", () => {
  it("carry who asked", async () => {
    const { post, asked } = stage();
    const reply = await post("policies/vcci-api/rollback", "alice-secret", { reason: "data-corruption" });
    expect([reply.statusCode, reply.json().decisionId]).toEqual([202, "d-1"]);
    expect(asked).toEqual([["rollback", "vcci-api", { reason: "data-corruption" }, "token:alice"]]);
  });

  it.each([
    ["?dryRun=true", {}],
    ["", { dryRun: true }],
  ])("a dry run (%s %j) changes nothing", async (query, more) => {
    const { post, asked } = stage();
    const body = { reason: "other", ...more };
    expect((await post(`policies/vcci-api/rollback${query}`, "alice-secret", body)).statusCode).toBe(200);
    expect(asked).toEqual([["plan", "vcci-api", { reason: "other" }]]);
  });

  it("a repeated Idempotency-Key does not act twice, and cannot stand for something else", async () => {
    const { post, asked } = stage();
    const key = { "idempotency-key": "k1" };
    const first = await post("policies/vcci-api/rollback", "alice-secret", { reason: "other" }, key);
    const again = await post("policies/vcci-api/rollback", "alice-secret", { reason: "other" }, key);
    expect(again.json()).toEqual(first.json());
    const other = await post("policies/web/rollback", "alice-secret", { reason: "other" }, key);
    expect(other.statusCode).toBe(422);
    expect(asked).toHaveLength(1);
  });

  it("a refusal is a problem with its reason", async () => {
    const { post } = stage();
    const refused = await post("policies/vcci-api/resume", "alice-secret");
    expect([refused.statusCode, refused.json().reason]).toEqual([409, "not-frozen"]);
    expect((await post("decisions/d-9/reject", "alice-secret")).statusCode).toBe(404);
  });

  it("a refusal to resume another's freeze names the holders in its problem document", async () => {
    const { post, commands } = stage();
    const holders = ["token:bob", "kubernetes:ci"];
    const asked: unknown[] = [];
    commands.resume = async (...args) => {
      asked.push(args);
      return { ok: false, kind: "refused", reason: "not-holder", holders, detail: "It is token:bob's." };
    };
    const refused = await post("policies/vcci-api/resume", "alice-secret", { holder: "token:eve" });
    expect([refused.statusCode, refused.json()]).toMatchObject([409, { reason: "not-holder", holders }]);
    expect(asked).toEqual([["vcci-api", { holder: "token:eve" }, "token:alice"]]);
  });

  it.each([
    ["rollback", {}, "The field `reason` is missing."],
    ["rollback", { reason: "mood" }, "one of the allowed values: data-corruption"],
    ["freeze", { untill: "x" }, "The field `untill` is not known here; leave it out."],
    ["freeze", { until: "1960-01-01T00:00:00Z" }, "which is over already"],
    ["freeze", { until: "2999-06-30T23:59:60Z" }, "which is no instant"],
    ["freeze", { until: "2999-02-30T12:00:00Z" }, "until"],
    ["freeze", { until: "" }, "until"],
    ["resume", { holder: "" }, "holder"],
  ])("%s with %j is a mistake that is explained", async (what, body, detail) => {
    const { post, asked } = stage();
    const reply = await post(`policies/vcci-api/${what}`, "alice-secret", body);
    expect([reply.statusCode, asked]).toEqual([400, []]);
    expect(reply.json().detail).toContain(detail);
  });
});

describe("a vulnerability report", () => {
  it("is taken whole, with what it is bound to and who sent it", async () => {
    const { post, asked } = stage();
    const report = { SchemaVersion: 2, Results: [{ anything: "at all" }] };
    const reply = await post("vulnerabilities?image=api:v1", "alice-secret", report);
    expect([reply.statusCode, reply.json()]).toEqual([200, { images: [], found: {}, policies: [] }]);
    expect(asked).toEqual([["vulnerabilities", { report, image: "api:v1" }, "token:alice"]]);
  });

  it("is refused where it is none, with what is wrong", async () => {
    const { post, commands } = stage();
    commands.vulnerabilities = async () => ({ ok: false, kind: "invalid", detail: "This is not a report." });
    const reply = await post("vulnerabilities", "alice-secret", {});
    expect([reply.statusCode, reply.json().detail]).toEqual([400, "This is not a report."]);
    expect(reply.headers["content-type"]).toMatch("application/problem+json");
    const misspelt = await post("vulnerabilities?imgae=api:v1", "alice-secret", {});
    expect([misspelt.statusCode, misspelt.json().detail]).toEqual([400, expect.stringContaining("imgae")]);
  });

  it("may have some megabytes, and no more", async () => {
    const { post, asked } = stage();
    const sized = (bytes: number) => ({ Results: "x".repeat(bytes) });
    expect((await post("vulnerabilities", "alice-secret", sized(7_000_000))).statusCode).toBe(200);
    const reply = await post("vulnerabilities", "alice-secret", sized(9_000_000));
    expect([reply.statusCode, asked.length]).toEqual([413, 1]);
    expect(reply.headers["content-type"]).toMatch("application/problem+json");
  });

  it.each([
    [undefined, 401],
    ["reader-secret", 403],
    // A report is about an image, which any policy's target may run.
    ["ci-secret", 403],
  ])("is not taken from %s", async (token, status) => {
    const { post, asked } = stage();
    expect([(await post("vulnerabilities", token, {})).statusCode, asked]).toEqual([status, []]);
  });
});

describe("who may", () => {
  it.each([
    "policies/vcci-api/rollback",
    "policies/vcci-api/freeze",
    "decisions/d-1/approve",
    "vulnerabilities",
  ])(
    "is nobody until it is configured: %s is refused with and without a token, and says how",
    async (path) => {
      const { post, asked } = stage(null);
      for (const token of [undefined, "alice-secret"]) {
        const reply = await post(path, token, { reason: "other" });
        expect([reply.statusCode, reply.json().detail]).toEqual([
          403,
          expect.stringContaining("ROLLBACKD_API_TOKENS_FILE"),
        ]);
      }
      expect(asked).toEqual([]);
    },
  );

  it.each([
    [undefined, 401, "Authorization: Bearer TOKEN"],
    ["guessed", 401, "not known here"],
    ["reader-secret", 403, "lacks the scope operate"],
    ["ci-secret", 403, "good for these policies only: web"],
    ["old-secret", 401, "expired at 2020-01-01T00:00:00Z"],
  ])("%s cannot freeze, which is on record without the token", async (token, status, detail) => {
    const { post, asked, refused } = stage();
    const reply = await post("policies/vcci-api/freeze", token);
    expect([reply.statusCode, asked]).toEqual([status, []]);
    expect(reply.json().detail).toContain(detail);
    expect(refused).toHaveLength(1);
    expect(JSON.stringify(refused)).not.toContain("secret");
    expect(JSON.stringify(refused)).not.toContain("guessed");
  });

  it("who came with ten wrong tokens waits a minute, also with the right one", async () => {
    const { post, clock } = stage();
    for (let index = 0; index < 10; index += 1) await post("policies/vcci-api/freeze", "guess");
    const reply = await post("policies/vcci-api/freeze", "alice-secret");
    expect([reply.statusCode, reply.headers["retry-after"]]).toEqual([429, "60"]);
    clock.now = 60_000;
    expect((await post("policies/vcci-api/freeze", "alice-secret")).statusCode).toBe(200);
  });

  it("a token that is taken out of the file is out at once; while the file is wrong, nobody is in", async () => {
    const { post, file, problems } = stage();
    expect((await post("policies/vcci-api/freeze", "alice-secret")).statusCode).toBe(200);
    writeFileSync(file, TOKENS.replace("scopes: [read, operate]", "scopes: [root]"));
    expect((await post("policies/vcci-api/freeze", "alice-secret")).statusCode).toBe(503);
    expect(problems).toEqual([
      expect.stringMatching(/ROLLBACKD_API_TOKENS_FILE.*key 0\.scopes\.0 must be .*expected a list/u),
    ]);
    rmSync(file);
    expect((await post("policies/vcci-api/freeze", "alice-secret")).statusCode).toBe(503);
    writeFileSync(file, "[]");
    expect((await post("policies/vcci-api/freeze", "alice-secret")).statusCode).toBe(401);
  });
});
