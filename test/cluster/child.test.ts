import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startChild } from "./child.ts";

const CHILD = JSON.stringify(join(import.meta.dirname, "child.ts"));

it("a child dies with the process that started it, even by SIGKILL", async () => {
  const program = `
    const { startChild } = await import(${CHILD});
    const child = await startChild(["sleep", "60"]);
    process.stdout.write(String(child.pid), () => process.kill(process.pid, "SIGKILL"));`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = Number(await text(owner.stdout));
  expect(pid).toBeGreaterThan(1);
  await eventually("the child is gone", () => expect(() => process.kill(pid, 0)).toThrow("ESRCH"));
});

it("a child that ignores SIGTERM is killed after its grace", async () => {
  const child = await startChild(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]);
  await eventually("it ignores SIGTERM", () => expect(child.log()).toContain("ready"));
  await child.stop(100);
  expect(child.ending()).toEqual({ exitCode: 137, how: "SIGKILL" });
});

it("a program that does not exist ends like one that failed, and its log says why", async () => {
  const child = await startChild(["/no/such/program"]);
  await eventually("it ended", () => expect(child.ending()?.exitCode).toBe(127));
  await eventually("it says why", () => expect(child.log()).toContain("/no/such/program"));
});
