import { RAW_CONTROL } from "../support/hostile.ts";
import { NOTHING_MISSING } from "../../src/daemon/rights-watch.ts";
import { describe, expect, it } from "vitest";
import { createAccess } from "../../src/server/access/access.ts";
import { countAttempts } from "../../src/server/access/attempts.ts";
import { createApp } from "../../src/server/app.ts";
import type { DetailedHealth, Hindrance } from "../../src/daemon/health.ts";

const AT = Date.UTC(2026, 10, 24, 10, 6);

const detailed: DetailedHealth = {
  version: "1.2.3",
  startedAt: AT,
  leader: true,
  rules: { loadedAt: AT, problems: [] },
  log: { seq: 7, hash: "ab", writable: true },
  rights: NOTHING_MISSING,
  policies: [
    {
      policy: "vcci-api",
      mode: "enforce",
      target: "vcci-production/vcci-api",
      release: "vcci-production/vcci-api@2",
      evaluatedAt: AT,
      blind: { since: AT - 60_000, reason: "connection refused" },
      triggers: [
        {
          trigger: "error-rate",
          state: "pending",
          at: AT,
          value: 0.112,
          headline: "11.2 % errors",
          reason: "error-rate is 11.2 %, above 5 % for 1 min (5 of 21 slots)",
          window: { from: AT - 300_000, to: AT, size: 21, known: 5, breaching: 5, longestGapMs: 0 },
          firesAt: AT + 240_000,
        },
      ],
    },
  ],
};

/** Nobody has a token. */
const nobody = {
  version: "1.2.3",
  routes: [],
  access: createAccess({
    authorities: [],
    attempts: countAttempts(Date.now),
    logger: { warn: () => undefined },
  }),
};

function app(hindrances: readonly Hindrance[] = [], reported: unknown[] = []) {
  return createApp({
    health: { hindrances: () => hindrances, detailed: () => detailed },
    metrics: { contentType: "text/plain; version=0.0.4", metrics: async () => "up 1\n" },
    report: (error) => void reported.push(error),
    ...nobody,
  });
}

describe("health", () => {
  it("alive is whoever answers", async () => {
    const hindered = app([{ what: "log", detail: "The disk is full.", nextStep: "Free space." }]);
    expect((await hindered.inject("/health/live")).statusCode).toBe(200);
  });

  it("ready when nothing hinders", async () => {
    const reply = await app().inject("/health/ready");
    expect([reply.statusCode, reply.json()]).toEqual([200, { status: "ready" }]);
  });

  it("an answer is the same JSON with what a terminal would obey written as text", async () => {
    const detail = "\u001B[2J\u009B31m\u202Eevil";
    const reply = await app([{ what: "target", detail, nextStep: "Look." }]).inject("/health/ready");
    expect(reply.body).not.toMatch(RAW_CONTROL);
    expect(reply.json()).toMatchObject({ hindrances: [{ detail }] });
  });

  it("not ready says what hinders and what to do, all of it", async () => {
    const reply = await app([
      { what: "log", detail: "The disk is full.", nextStep: "Free space in /data." },
      { what: "prometheus", detail: "No answer for 2m.", nextStep: "Check ROLLBACKD_PROMETHEUS_URL." },
    ]).inject("/health/ready");
    expect(reply.statusCode).toBe(503);
    expect(reply.headers["content-type"]).toContain("application/problem+json");
    expect(reply.json()).toMatchObject({
      title: "Service Unavailable",
      status: 503,
      detail:
        "log: The disk is full. Free space in /data. prometheus: No answer for 2m. Check ROLLBACKD_PROMETHEUS_URL.",
      hindrances: [{ what: "log" }, { what: "prometheus" }],
    });
  });

  it("detailed has every trigger with its numbers, instants as RFC 3339", async () => {
    const body = (await app().inject("/health/detailed")).json();
    expect(body).toMatchObject({
      version: "1.2.3",
      startedAt: "2026-11-24T10:06:00.000Z",
      rules: { loadedAt: "2026-11-24T10:06:00.000Z", problems: [] },
      log: { seq: 7, hash: "ab", writable: true },
    });
    expect(body.policies[0]).toMatchObject({
      evaluatedAt: "2026-11-24T10:06:00.000Z",
      sight: { since: "2026-11-24T10:05:00.000Z", reason: "connection refused" },
      triggers: [{ state: "pending", value: 0.112, firesAt: "2026-11-24T10:10:00.000Z" }],
    });
  });

  it.each([
    ["127.0.0.1", 200],
    ["127.8.9.1", 200],
    ["::1", 200],
    ["::ffff:127.0.0.1", 200],
    ["10.0.0.7", 403],
    ["::ffff:10.0.0.7", 403],
    ["2001:db8::1", 403],
  ])("detailed is for callers on the same machine: %s gets %i", async (remoteAddress, status) => {
    expect((await app().inject({ url: "/health/detailed", remoteAddress })).statusCode).toBe(status);
  });

  it("a header does not make a caller local", async () => {
    const reply = await app().inject({
      url: "/health/detailed",
      remoteAddress: "10.0.0.7",
      headers: { "x-forwarded-for": "127.0.0.1", host: "localhost" },
    });
    expect(reply.statusCode).toBe(403);
    expect(reply.json().detail).toContain("kubectl port-forward");
  });
});

describe("metrics", () => {
  it.each(["/metrics", "/health/metrics"])("%s is for everybody", async (url) => {
    const reply = await app().inject({ url, remoteAddress: "10.0.0.7" });
    expect([reply.statusCode, reply.body]).toEqual([200, "up 1\n"]);
    expect(reply.headers["content-type"]).toContain("version=0.0.4");
  });
});

describe("errors are problem documents", () => {
  it.each([
    ["/nowhere?token=x", 404, "There is nothing at GET /nowhere."],
    ["/health/ready?verbose=1", 400, "The query parameter `verbose` is not known here; leave it out."],
    ["/api/%E0%A4%A", 400, "'/api/%E0%A4%A' is not a valid url component"],
    ["/metrics?verbose=1", 400, "The query parameter `verbose` is not known here; leave it out."],
  ])("%s is %i", async (url, status, detail) => {
    const reply = await app().inject(url);
    expect(reply.headers["content-type"]).toContain("application/problem+json");
    expect(reply.json()).toMatchObject({ status, detail });
    expect(reply.statusCode).toBe(status);
  });

  it("a mistake of ours is reported, and not told to the caller", async () => {
    const reported: unknown[] = [];
    const broken = createApp({
      health: { hindrances: () => [], detailed: () => detailed },
      metrics: { contentType: "text/plain", metrics: () => Promise.reject(new Error("sesame")) },
      report: (error) => void reported.push(error),
      ...nobody,
    });
    const reply = await broken.inject("/metrics");
    expect(reply.json()).toMatchObject({
      status: 500,
      detail: "GET /metrics failed; the process's log says why.",
    });
    expect(reply.body).not.toContain("sesame");
    expect(reported).toHaveLength(1);
  });
});
