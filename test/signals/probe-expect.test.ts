import { describe, expect, onTestFinished, test } from "vitest";
import type { ProbeExpectation } from "../../src/rules/policy.ts";
import { createProbe } from "../../src/signals/probe.ts";
import { mismatch } from "../../src/signals/probe-verdict.ts";
import { startFaultProxy } from "../faults/fault-proxy.ts";
import { sends, stubServer } from "./stub-server.ts";

const range = (from: number, to = from) => ({ from, to });
const wants = (statuses: ProbeExpectation["statuses"], body?: string): ProbeExpectation => ({
  statuses,
  body,
});
const reply = (status: number, text = "", complete = true) => ({
  status,
  location: undefined,
  body: { text, complete },
});

describe("what was expected passes", () => {
  test.each<[string, number, ProbeExpectation | undefined]>([
    ["any 2xx by default", 299, undefined],
    ["one status", 401, wants([range(401)])],
    ["one of several", 204, wants([range(200), range(204)])],
    ["a class, to its first", 300, wants([range(300, 399)])],
    ["a class, to its last", 399, wants([range(300, 399)])],
  ])("%s", (_what, status, expectation) => {
    expect(mismatch(reply(status), expectation)).toBeUndefined();
  });

  test("a text in the body", () => {
    expect(mismatch(reply(200, '{"status":"ready"}'), wants([range(200, 299)], "ready"))).toBeUndefined();
  });
});

describe("what was not says what was", () => {
  test.each<[string, ReturnType<typeof reply>, ProbeExpectation | undefined, string]>([
    ["a class short by one", reply(199), undefined, ""],
    [
      "a class over by one",
      reply(300),
      undefined,
      " (a redirect is not followed; probe the address it leads to)",
    ],
    ["another status", reply(200), wants([range(401)]), ", expected 401"],
    ["none of several", reply(500), wants([range(200), range(300, 399)]), ", expected 200 or 3xx"],
    [
      "another body",
      reply(200, " degraded\n"),
      wants([range(200)], "ready"),
      ', but its body has no "ready": "degraded"',
    ],
    ["no body", reply(204), wants([range(204)], "ready"), ', but its body has no "ready" (it is empty)'],
    [
      "a body too long to be searched whole",
      reply(200, "x".repeat(500), false),
      wants([range(200)], "y"),
      `, but the first 500 bytes of its body has no "y": "${"x".repeat(100)}…"`,
    ],
    [
      "the wrong status, whatever its body",
      reply(503, "ready"),
      wants([range(200)], "ready"),
      ", expected 200",
    ],
  ])("%s", (_what, seen, expectation, detail) => {
    expect(mismatch(seen, expectation)).toBe(detail);
  });

  test("trap 34: of a redirect's target nothing secret is shown", () => {
    const seen = { ...reply(302), location: "https://me:s3cret@sso/login?ticket=s3cret#s3cret" };
    expect(mismatch(seen)).toContain("redirect to https://sso/login is");
  });
});

describe("over the wire", () => {
  const probe = createProbe(Date.now);
  const spec = (url: string, expectation: ProbeExpectation) => ({
    url,
    intervalMs: 10_000,
    timeoutMs: 500,
    expect: expectation,
  });

  test("status and body are looked at", async () => {
    const url = await stubServer(sends(503, "maintenance"));
    await expect(probe(spec(url, wants([range(503)], "maintenance")))).resolves.toMatchObject({ ok: true });
    await expect(probe(spec(url, wants([range(503)], "ready")))).resolves.toMatchObject({
      ok: false,
      fault: "target",
      detail: expect.stringMatching(/^HTTP 503 in \d+ ms, but its body has no "ready": "maintenance"$/),
    });
  });

  test("a text beyond the first 64 KiB is not found, and no more than that is waited for", async () => {
    const url = await stubServer((_, response) => void response.write(`${"x".repeat(70_000)}ready`));
    await expect(probe(spec(url, wants([range(200)], "ready")))).resolves.toMatchObject({
      ok: false,
      detail: expect.stringContaining("the first 65536 bytes of its body"),
    });
  });

  test.each([
    ["hangs", { kind: "hang" }, /^no answer within 0.5s$/],
    ["answers too late", { kind: "delay", ms: 1500 }, /^no answer within 0.5s$/],
    ["trickles", { kind: "trickle", bytes: 1, everyMs: 200 }, /^no answer within 0.5s$/],
    ["breaks off", { kind: "reset" }, /^connection (reset|closed)/],
    ["breaks off in the middle", { kind: "reset", afterBytes: 3 }, /^connection (reset|closed)/],
    ["is cut short unseen", { kind: "truncate", afterBytes: 3 }, /has no "ready": "rea"$/],
    ["is a proxy's page", { kind: "answer", status: 502, body: "<html>" }, /^HTTP 502 in/],
  ] as const)("an answer that %s counts against the target", async (_what, fault, detail) => {
    const proxy = await startFaultProxy(await stubServer(sends(200, "ready")));
    onTestFinished(proxy.close);
    proxy.set(fault);
    await expect(probe(spec(proxy.url, wants([range(200)], "ready")))).resolves.toMatchObject({
      ok: false,
      fault: "target",
      detail: expect.stringMatching(detail),
    });
  });
});
