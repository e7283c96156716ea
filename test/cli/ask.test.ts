import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { rollBack } from "../../src/cli/ask.ts";
import { call, terminal } from "./call.ts";
import { freePort } from "../support/free-port.ts";
import { daemon, PLAN } from "./fake-daemon.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("rollback", () => {
  const planned = [200, { plan: PLAN }] as const;
  const begun = [202, { decisionId: "d-1", plan: PLAN }] as const;
  const rollback = ["rollback", "shop", "--reason", "data-corruption"];

  it("shows what will change, and asks for just that once it is agreed to", async () => {
    const { url, asked } = await daemon(planned, begun);
    const done = await call(...rollback, "--note", "totals", "--yes", "--server", url);
    expect(done).toMatchObject({ code: 0, err: "" });
    expect(done.out).toMatch(/From {4}7 \(unproven\) {2}api=shop:2\nTo {6}6 \(good\) {2}api=shop:1/);
    expect(done.out).toContain(
      "Change  - containers.api.image: shop:2\n        + containers.api.image: shop:1\nNote    Data stays as it is.",
    );
    expect(done.out).toContain("rollbackd log show d-1");
    expect(asked.map(({ body }) => body)).toEqual([
      { reason: "data-corruption", note: "totals", dryRun: true },
      { reason: "data-corruption", note: "totals", to: "6", release: "prod/shop@7" },
    ]);
    expect(asked[0]?.url).toBe("/api/v1/policies/shop/rollback");
  });

  it("a dry run asks for the plan alone", async () => {
    const { url, asked } = await daemon(planned);
    expect(await call(...rollback, "--dry-run", "--server", url)).toMatchObject({ code: 0 });
    expect(asked).toHaveLength(1);
  });

  it("each request has an Idempotency-Key of its own, so that the plan's answer is never taken for the rollback's", async () => {
    const { url, keys } = await daemon(planned, begun);
    await call(...rollback, "--yes", "--server", url);
    expect(keys).toEqual([
      expect.stringMatching(/^[\da-f-]{36}$/u),
      expect.stringMatching(/^[\da-f-]{36}$/u),
    ]);
    expect(new Set(keys).size).toBe(2);
  });

  it("without a terminal nothing is done unless it was agreed to beforehand", async () => {
    const { url, asked } = await daemon(planned);
    const done = await call(...rollback, "--server", url);
    expect(done).toMatchObject({ code: 2, err: expect.stringContaining("--yes") as string });
    expect(asked).toHaveLength(1);
  });

  it.each([
    [true, 0, 2],
    [false, 1, 1],
  ])("on a terminal the answer %s decides", async (agreed, code, calls) => {
    const { url, asked } = await daemon(planned, begun);
    const options = { reason: "other", server: url } as const;
    expect(await rollBack("shop", options, terminal(true).io, async () => agreed)).toBe(code);
    expect(asked).toHaveLength(calls);
  });

  it("a reason that is none is a wrong call that names them all", async () => {
    const done = await call("rollback", "shop", "--reason", "boredom");
    expect(done.code).toBe(2);
    for (const reason of ["data-corruption", "compliance-violation", "other"])
      expect(done.err).toContain(reason);
  });
});

describe("what the daemon refuses", () => {
  it.each([
    [409, 1, "cooldown: too early"],
    [404, 2, "cooldown: too early"],
    [403, 2, "cooldown: too early"],
    [401, 2, "--token-file"],
  ])("with status %i ends with %i and its sentence", async (status, code, text) => {
    const { url } = await daemon([status, { detail: "too early", reason: "cooldown" }]);
    const done = await call("resume", "shop", "--server", url);
    expect(done).toMatchObject({ code, out: "" });
    expect(done.err).toContain(text);
  });

  it("an address where nobody answers is named, and nothing was done", async () => {
    const server = `http://127.0.0.1:${await freePort()}`;
    const done = await call("resume", "shop", "--server", server);
    expect(done.code).toBe(2);
    expect(done.err).toContain(`${server} did not answer`);
    expect(done.err).toContain("Nothing was done.");
  });

  it("an answer that got lost may have been done; a plan changes nothing", async () => {
    const lost = await daemon("gone");
    const resumed = await call("resume", "shop", "--server", lost.url);
    expect(resumed).toMatchObject({ code: 2, err: expect.stringContaining("may have been done") as string });
    const unplanned = await daemon("gone");
    const planned = await call("rollback", "shop", "--reason", "other", "--server", unplanned.url);
    expect(planned.code).toBe(2);
    expect(planned.err).not.toContain("may have been done");
  });
});

describe("the other commands", () => {
  it.each([
    [
      ["freeze", "shop", "--for", "2h"],
      "/api/v1/policies/shop/freeze",
      { until: "2026-01-01T02:00:00.000Z" },
    ],
    [["freeze", "shop"], "/api/v1/policies/shop/freeze", {}],
    [["resume", "shop", "--note", "done"], "/api/v1/policies/shop/resume", { note: "done" }],
    [["resume", "shop", "--holder", "token:a"], "/api/v1/policies/shop/resume", { holder: "token:a" }],
    [["release", "shop", "v1"], "/api/v1/policies/shop/releases", { version: "v1" }],
    [["approve", "d-1"], "/api/v1/decisions/d-1/approve", {}],
    [["reject", "d-1", "--note", "no"], "/api/v1/decisions/d-1/reject", { note: "no" }],
  ])("%j", async (argv, url, body) => {
    const { url: server, asked } = await daemon([200, {}]);
    expect(await call(...argv, "--server", server)).toMatchObject({ code: 0, err: "" });
    expect(asked).toEqual([{ url, body, authorization: undefined }]);
  });

  it.each([
    [["freeze", "shop"], "is frozen: nothing is rolled back automatically until it is resumed"],
    [["resume", "shop"], "The freeze of token:me is over. shop stays frozen"],
  ])("%j says every freeze that stands with its end", async (argv, text) => {
    const at = "2026-01-01T00:00:00.000Z";
    const freezes = [
      { holder: "token:alice", at },
      { holder: "token:ci", at, until: "2026-01-01T00:20:00.000Z" },
    ];
    const { url } = await daemon([200, { holder: "token:me", freezes }]);
    const { code, out } = await call(...argv, "--server", url);
    expect([code, out]).toEqual([0, expect.stringContaining(text)]);
    expect(out).toContain("token:alice without an end, token:ci until 2026-01-01 00:20:00Z");
  });

  it("a freeze that is longer than any instant can be written is a wrong call", async () => {
    const done = await call("freeze", "shop", "--for", "9999d");
    expect(done).toMatchObject({ code: 2, err: expect.stringContaining("at most 3650d") as string });
  });

  it("an approval that has to wait says for what", async () => {
    const { url } = await daemon([200, { policy: "shop", inTheWay: "frozen" }]);
    const done = await call("approve", "d-1", "--server", url);
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining("in the way (frozen)") as string });
  });

  it("the token of the file is sent and never shown", async () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const file = join(folder.path, "token");
    writeFileSync(file, "s3cret\n");
    const { url, asked } = await daemon([403, { detail: "no" }]);
    const done = await call("approve", "d-1", "--server", url, "--token-file", file);
    expect(asked[0]?.authorization).toBe("Bearer s3cret");
    expect(done.err + done.out).not.toContain("s3cret");
  });

  it("a token file that cannot be read is named, and nothing is asked", async () => {
    const { url, asked } = await daemon();
    const done = await call("approve", "d-1", "--server", url, "--token-file", "/nowhere/token");
    expect(done).toMatchObject({ code: 2, err: expect.stringContaining("/nowhere/token") as string });
    expect(asked).toEqual([]);
  });
});
