import { describe, expect, it } from "vitest";
import { type Lifecycle, createLifecycle } from "../../src/daemon/lifecycle.ts";

function setUp(boundMs = 1_000): { lifecycle: Lifecycle; done: string[]; reported: string[] } {
  const reported: string[] = [];
  const report = (name: string, error: unknown) => void reported.push(`${name}: ${(error as Error).message}`);
  return { lifecycle: createLifecycle({ boundMs, report }), done: [], reported };
}

describe("the end of a process", () => {
  it("undoes the newest first, one after the other", async () => {
    const { lifecycle, done } = setUp();
    for (const name of ["log", "server", "watch"]) {
      lifecycle.onStop(name, async () => {
        done.push(`${name} begins`);
        await new Promise(setImmediate);
        done.push(`${name} ended`);
      });
    }
    await lifecycle.stop();
    expect(done).toEqual([
      "watch begins",
      "watch ended",
      "server begins",
      "server ended",
      "log begins",
      "log ended",
    ]);
  });

  it("a clean-up that fails or throws is reported, and the others still run", async () => {
    const { lifecycle, done, reported } = setUp();
    lifecycle.onStop("log", () => void done.push("log"));
    lifecycle.onStop("server", () => Promise.reject(new Error("broken")));
    lifecycle.onStop("watch", () => {
      throw new Error("worse");
    });
    await lifecycle.stop();
    expect(done).toEqual(["log"]);
    expect(reported).toEqual(["watch: worse", "server: broken"]);
  });

  it("one that hangs is given up after its bound", async () => {
    const { lifecycle, done, reported } = setUp(20);
    lifecycle.onStop("log", () => void done.push("log"));
    lifecycle.onStop("server", () => new Promise(() => {}));
    await lifecycle.stop();
    expect(done).toEqual(["log"]);
    expect(reported).toEqual(["server: not done within 20 ms; going on without it"]);
  });

  it("asked twice, it ends once, and both wait for it", async () => {
    const { lifecycle, done } = setUp();
    lifecycle.onStop("log", async () => {
      await new Promise(setImmediate);
      done.push("log");
    });
    const first = lifecycle.stop();
    await lifecycle.stop();
    expect(done).toEqual(["log"]);
    await first;
    expect(done).toEqual(["log"]);
  });

  it("what starts during or after the end is ended, too", async () => {
    const { lifecycle, done } = setUp();
    lifecycle.onStop("slow", async () => {
      lifecycle.onStop("started during", () => void done.push("during"));
      await new Promise(setImmediate);
    });
    await lifecycle.stop();
    lifecycle.onStop("started after", () => void done.push("after"));
    await lifecycle.stop();
    expect(done).toEqual(["during", "after"]);
  });

  it("work hears of the end before anything is undone", async () => {
    const { lifecycle } = setUp();
    let heard = false;
    lifecycle.onStop("log", () => void (heard = lifecycle.signal.aborted));
    await lifecycle.stop();
    expect(heard).toBe(true);
  });
});
