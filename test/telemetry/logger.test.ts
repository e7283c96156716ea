import { describe, expect, it } from "vitest";
import { createLogger } from "../../src/telemetry/logger.ts";
import { RAW_CONTROL } from "../support/hostile.ts";
import { createScrub } from "../../src/telemetry/scrub.ts";

const HOOK = "https://hooks.slack.com/services/T000/B000/sesame-open";

function setUp(...secrets: (string | undefined)[]) {
  const lines: string[] = [];
  const scrub = createScrub(
    secrets.map((secret) => () => secret),
    () => 0,
  );
  const logger = createLogger("info", scrub, { write: (line) => void lines.push(line) });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? "") as Record<string, unknown> };
}

describe("the process's own log", () => {
  it("is JSON with an RFC 3339 time and the level's name", () => {
    const { logger, last } = setUp();
    logger.info({ policy: "vcci-api" }, "loaded");
    expect(last()).toMatchObject({ level: "info", policy: "vcci-api", msg: "loaded" });
    expect(last()["time"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u);
  });

  it("leaves out what is below its level", () => {
    const { logger, lines } = setUp();
    logger.debug("quiet");
    expect(lines).toEqual([]);
  });

  it("writes as text what a terminal would obey, in keys and values, and stays the same JSON", () => {
    const { logger, lines, last } = setUp();
    const hostile = "\u001B[2J\u009B31m\u202E\u200B";
    logger.warn({ [hostile]: hostile }, hostile);
    expect(lines[0]?.trimEnd()).not.toMatch(RAW_CONTROL);
    expect(last()).toMatchObject({ [hostile]: hostile, msg: hostile });
  });

  it("keeps an error with its cause", () => {
    const { logger, last } = setUp();
    logger.error(new Error("outer", { cause: new Error("inner") }), "failed");
    expect(JSON.stringify(last())).toContain("inner");
  });
});

describe("trap 34: no secret in any log line", () => {
  it.each<[string, unknown]>([
    ["an error that carries the address", new Error(`POST ${HOOK} failed`)],
    ["its cause", new Error("failed", { cause: new Error(`connect ${HOOK}`) })],
    ["only the path of the address", new Error("POST /services/T000/B000/sesame-open: 404")],
    ["a field", { url: HOOK }],
    ["a nested field", { a: { b: { c: [HOOK] } } }],
    ["headers", { headers: { authorization: "Bearer sesame.open.123" } }],
    ["a named field of any shape", { routing_key: "sesame" }],
    ["a password in an address", { prometheus: "http://me:sesame@prometheus:9090/api" }],
    ["a header in a text", new Error("sent Authorization: Basic c2VzYW1lOnNlc2FtZQ==sesame")],
  ])("%s", (_, thing) => {
    const { logger, lines } = setUp(HOOK, undefined);
    logger.error(thing, `while posting to ${HOOK}`);
    expect(lines.join("")).toContain("[secret]");
    expect(lines.join("")).not.toContain("sesame");
    expect(() => JSON.parse(lines.join(""))).not.toThrow();
  });

  it("also one that JSON writes differently", () => {
    const { logger, lines } = setUp('pass"word\\1');
    logger.info({ said: 'it is pass"word\\1' });
    expect(lines.join("")).not.toContain("word");
    expect(() => JSON.parse(lines.join(""))).not.toThrow();
  });

  it("a renewed one is known soon, and the old one stays hidden", () => {
    let at = 0;
    let key = "first-key";
    const scrub = createScrub([() => key], () => at);
    expect(scrub("first-key second-key")).toBe("[secret] second-key");
    key = "second-key";
    at = 5_000;
    expect(scrub("first-key second-key")).toBe("[secret] [secret]");
  });

  it("what is no secret stays readable", () => {
    const scrub = createScrub([() => "abc", () => "http://127.0.0.1:1/slack"], () => 0);
    const text = "abcdef http://prometheus:9090/api/v1/query /slack services/T0 a:b@c";
    expect(scrub(text)).toBe(text);
  });
});
