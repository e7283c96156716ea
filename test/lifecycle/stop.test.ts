import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GENESIS, seal } from "../../src/log/chain.ts";
import { fileName, logFolder } from "../../src/log/files.ts";
import { eventually } from "../support/eventually.ts";
import { openStage, type Stage } from "./stage.ts";

/** Far more than it takes, and far less than waiting for what hangs would. */
const AT_ONCE_MS = 5_000;

async function isReady(stage: Stage): Promise<void> {
  await eventually(
    "ready",
    async () => {
      const response = await fetch(`${stage.url}/health/ready`);
      if (response.status !== 200) throw new Error(await response.text());
    },
    { withinMs: 45_000 },
  );
}

describe("SIGTERM", () => {
  it("to an idle daemon ends it at once, and its last record says so", async () => {
    const stage = await openStage();
    const daemon = await stage.start();
    await isReady(stage);
    const { exitCode, tookMs } = await daemon.stop();
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(AT_ONCE_MS);
    expect((await stage.records()).at(-1)).toMatchObject({ type: "daemon.stopped", cause: "SIGTERM" });
    expect(await stage.defect()).toBeUndefined();
  });

  it("while a long log is read: alive and not ready until then, ended at once, and nothing written", async () => {
    const stage = await openStage();
    const count = 400_000;
    writeLongLog(logFolder(stage.dataDir), count);
    const daemon = await stage.start();
    const hindrance = await eventually(
      "it answers",
      async () => {
        expect((await fetch(`${stage.url}/health/live`)).status).toBe(200);
        const ready = await fetch(`${stage.url}/health/ready`);
        return { status: ready.status, text: await ready.text() };
      },
      { withinMs: 45_000, everyMs: 5 },
    );
    expect(hindrance.status).toBe(503);
    expect(hindrance.text).toMatch(/The decision log is being read, \d+ of 400000 records so far\. Wait/);
    const { exitCode, tookMs } = await daemon.stop();
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(AT_ONCE_MS);
    expect((await stage.records()).length).toBe(count);
  });

  it("while a query hangs ends at once, and nothing is said about the target", async () => {
    const stage = await openStage();
    const daemon = await stage.start();
    await isReady(stage);
    stage.prometheus.set({ kind: "hang" });
    const before = await eventually("a query hangs", async () => {
      const evaluated = await evaluatedAt(stage);
      if (Date.now() - evaluated < 2_500) throw new Error("passes go on");
      return stage.types();
    });
    const { exitCode, tookMs } = await daemon.stop();
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(AT_ONCE_MS);
    expect(await stage.types()).toEqual([...before, "daemon.stopped"]);
  });

  it("in mid-script ends the script and says so; the next start does not run it again", async () => {
    const stage = await openStage({ script: "sleep 60" });
    const daemon = await stage.start();
    await isReady(stage);
    stage.breach();
    await eventually("the script runs", () => expect(stage.scriptRuns()).toBe(1), { withinMs: 45_000 });
    const { exitCode, tookMs } = await daemon.stop();
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(20_000);
    const failed = (await stage.records()).find(({ type }) => type === "rollback.failed");
    expect(failed).toMatchObject({ reason: "interrupted" });
    expect((await stage.types()).at(-1)).toBe("daemon.stopped");
    const next = await stage.start();
    await isReady(stage);
    await next.stop();
    expect(stage.scriptRuns()).toBe(1);
    expect(await stage.defect()).toBeUndefined();
  });

  it("in verification leaves it open, and the next start brings it to its end", async () => {
    const stage = await openStage();
    const daemon = await stage.start();
    await isReady(stage);
    stage.breach();
    await daemon.reaches("rollback.applied");
    expect(await daemon.stop()).toMatchObject({ exitCode: 0 });
    expect(await stage.types()).not.toContain("rollback.failed");
    stage.recover();
    const next = await stage.start();
    await next.reaches("rollback.verified");
    await next.stop();
    expect(stage.scriptRuns()).toBe(1);
    const types = await stage.types();
    for (const once of ["rollback.started", "rollback.applied", "rollback.verified"]) {
      expect(types.filter((type) => type === once)).toHaveLength(1);
    }
  });

  it("while a message is being delivered waits for that attempt, and the next start delivers it", async () => {
    const stage = await openStage();
    stage.slack.script("hang");
    const daemon = await stage.start();
    await isReady(stage);
    stage.breach();
    await eventually("it is told", () => expect(stage.slack.received.length).toBeGreaterThan(0), {
      withinMs: 45_000,
    });
    const { exitCode, tookMs } = await daemon.stop();
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(20_000);
    const next = await stage.start();
    await next.reaches("notification.delivered");
    await next.stop();
    expect(stage.slack.accepted.length).toBeGreaterThan(0);
    expect(await stage.defect()).toBeUndefined();
  });
});

describe("an error that nobody caught", () => {
  it.each([
    ["thrown", "throw new Error('bug')"],
    ["a rejection", "Promise.reject(new Error('bug'))"],
  ])("%s ends the process with 1 and a record; the next start goes on", async (_, bug) => {
    const stage = await openStage();
    const preload = `data:text/javascript,process.on("SIGUSR2",()=>setTimeout(()=>{${bug}}))`;
    const daemon = await stage.start({ NODE_OPTIONS: `--import=${encodeURI(preload)}` });
    await isReady(stage);
    daemon.child.signal("SIGUSR2");
    await eventually("it ends", () => expect(daemon.child.ending()).toBeDefined());
    expect(daemon.child.ending()?.exitCode).toBe(1);
    expect((await stage.records()).at(-1)).toMatchObject({
      type: "daemon.stopped",
      cause: "crash: Error: bug",
    });
    const next = await stage.start();
    await isReady(stage);
    await next.stop();
    expect(await stage.defect()).toBeUndefined();
  });
});

async function evaluatedAt(stage: Stage): Promise<number> {
  const answer = (await (await fetch(`${stage.url}/health/detailed`)).json()) as {
    readonly policies: readonly { readonly evaluatedAt: string }[];
  };
  return Date.parse(answer.policies.at(0)?.evaluatedAt ?? "");
}

/** As a writer would have written it over months, without its flushes. */
function writeLongLog(folder: string, count: number): void {
  const at = Date.UTC(2026, 0, 1);
  mkdirSync(folder, { recursive: true });
  let head = GENESIS;
  const lines: string[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const line = seal({ type: "daemon.stopped", cause: "SIGTERM" }, head, at + seq);
    head = { seq, hash: line.slice(-66, -2) };
    lines.push(line);
  }
  writeFileSync(join(folder, fileName(at, 1)), `${lines.join("\n")}\n`);
}
