import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { builtProgram } from "../support/program.ts";
import { daemon, PLAN } from "./fake-daemon.ts";

/** The program at a terminal of its own, which `script` makes; `keys` are typed once it asks. */
async function atTerminal(url: string, keys: string) {
  const command = `${process.execPath} ${await builtProgram()} rollback shop --reason other --server ${url}`;
  const child = spawn("script", ["--quiet", "--return", "--flush", "--command", command, "/dev/null"], {
    env: { PATH: process.env.PATH, TERM: "dumb" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "close");
  let text = "";
  let isTyped = false;
  child.stdout.on("data", (chunk: Buffer) => {
    text += String(chunk);
    if (isTyped || !text.includes("[y/N]")) return;
    isTyped = true;
    child.stdin.write(keys);
  });
  const [code] = (await ended) as [number | null];
  return { code, text };
}

describe("the question at a terminal", () => {
  it.each([
    ["y", "y\n", 0, 2],
    ["yes, however it is written", "YES\n", 0, 2],
    ["n", "n\n", 1, 1],
    ["nothing", "\n", 1, 1],
    ["something else that begins like a yes", "yesterday\n", 1, 1],
    ["Ctrl-C", "\u0003", 1, 1],
    ["Ctrl-D", "\u0004", 1, 1],
  ])("answered with %s", async (_, keys, code, requests) => {
    const { url, asked } = await daemon([200, { plan: PLAN }], [202, { decisionId: "d-1", plan: PLAN }]);
    const done = await atTerminal(url, keys);
    expect(done.text).toMatch(/To {6}6 \(good\)[^]*Roll back\? \[y\/N\]/u);
    expect(done.text).toContain(code === 0 ? "Begun as decision d-1" : "not agreed to; nothing was done");
    expect(done.text).not.toContain("bug");
    expect(done.code).toBe(code);
    expect(asked).toHaveLength(requests);
  });
});
