import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";

const daemon = pathToFileURL(resolve(import.meta.dirname, "../../src/daemon")).href;

/** A process of its own that says what it does, and does `body` once it is ready. */
const program = (body: string): string => `
  import { createLifecycle } from "${daemon}/lifecycle.ts";
  import { endProcessWith } from "${daemon}/process-end.ts";
  const say = (text) => process.stdout.write(text + "\\n");
  const options = {
    boundMs: 5_000,
    report: (name, error) => say("report " + name + ": " + error.message),
    stopping: async (cause) => say("stopping " + cause),
    crashed: async (error) => say("crashed " + error.message),
  };
  const lifecycle = createLifecycle(options);
  endProcessWith(lifecycle, options);
  lifecycle.onStop("log", () => say("log closed"));
  setInterval(() => {}, 1_000);
  ${body}
  say("ready");
`;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

async function start(body = "") {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program(body)]);
  children.push(child);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += String(chunk)));
  const said = (word: string) => eventually(`it says ${word}`, () => expect(text).toContain(word));
  const ended = once(child, "close").then(([code]) => code as number | null);
  await said("ready");
  return { child, said, ended, lines: () => text.trim().split("\n") };
}

describe("a process told to end", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("%s once: last words, clean-up, exit 0", async (signal) => {
    const { child, ended, said, lines } = await start();
    child.kill(signal);
    await said("log closed");
    expect(await ended).toBe(0);
    expect(lines()).toEqual(["ready", `stopping ${signal}`, "log closed"]);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("%s twice: at once, exit %i", async (signal, code) => {
    const { child, ended, said } = await start(`
      lifecycle.onStop("server", () => { say("hangs"); return new Promise(() => {}); });
    `);
    child.kill(signal);
    await said("hangs");
    child.kill(signal);
    expect(await ended).toBe(code);
  });

  it.each([
    ["an error that nobody caught", "setTimeout(() => { throw new Error('bug'); }, 10);"],
    ["a rejection that nobody caught", "setTimeout(() => Promise.reject(new Error('bug')), 10);"],
  ])("%s: a record of it, exit 1", async (_, body) => {
    const { ended, said, lines } = await start(body);
    await said("crashed");
    expect(await ended).toBe(1);
    expect(lines()).toEqual(["ready", "report uncaught error: bug", "crashed bug"]);
  });
});
