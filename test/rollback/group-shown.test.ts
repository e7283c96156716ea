import { describe, expect, it } from "vitest";
import type { Lookup } from "../../src/releases/watch.ts";
import { untilShown } from "../../src/rollback/group-shown.ts";
import { revision } from "../support/model.ts";
import { seen } from "../verification/situation.ts";

/** A watch that shows what it is told to. */
function watching(first: Lookup) {
  const listeners = new Set<() => void>();
  let lookup = first;
  return {
    current: () => lookup,
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    show: (next: Lookup) => {
      lookup = next;
      for (const listener of listeners) listener();
    },
    listeners,
  };
}

const before = seen(revision("2"));
const half = seen(revision("half"));
const whole = seen(revision("1"));
const { digest } = revision("1");
const NEVER = new AbortController().signal;

describe("trap 25: after the last member was moved", () => {
  it("the whole is waited for until the watch shows it, and no longer", async () => {
    const watch = watching(before);
    let isOver = false;
    const waiting = untilShown(digest, watch, NEVER).then(() => (isOver = true));
    watch.show(half);
    watch.show({ ok: false, reason: "unreachable", detail: "away" });
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    watch.show(whole);
    await waiting;
    expect(watch.listeners.size).toBe(0);
    await untilShown(digest, watch, NEVER);
  });

  it("a stop of the daemon ends the waiting", async () => {
    const watch = watching(half);
    const stop = new AbortController();
    const waiting = untilShown(digest, watch, stop.signal);
    stop.abort();
    await waiting;
    expect(watch.listeners.size).toBe(0);
  });
});
