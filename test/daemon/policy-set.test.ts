import { describe, expect, it } from "vitest";
import { NOTHING_CARRIED } from "../../src/daemon/pass.ts";
import { createPolicySet } from "../../src/daemon/policy-set.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { policy } from "../support/model.ts";
import { NOT_HANDLED } from "./not-handled.ts";

/** A set, what happened to its policies, and the way to end the rollback that each is said to have. */
function watched(busy: readonly string[] = []) {
  const events: string[] = [];
  const rollbacks = new Map<string, () => void>();
  const set = createPolicySet((each: Policy) => {
    const label = `${each.name} ${each.hash}`;
    events.push(`start ${label}`);
    const ended = new Promise<void>((resolve) => {
      rollbacks.set(label, resolve);
      if (!busy.includes(label)) resolve();
    });
    return {
      ...NOT_HANDLED,
      policy: each,
      carried: () => NOTHING_CARRIED,
      retire: async () => {
        await ended;
        events.push(`end ${label}`);
      },
      stop: async () => void events.push(`stop ${label}`),
    };
  });
  const endRollback = async (label: string): Promise<void> => {
    rollbacks.get(label)?.();
    await settled();
  };
  return { set, events, endRollback };
}

function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const deployment = (name: string) => ({ kind: "deployment", namespace: "shop", deployment: name }) as const;
const web = (hash: string) => policy({ name: "web", hash, target: deployment("web") });
const api = policy({ name: "api", hash: "a1", target: deployment("api") });
const names = (set: ReturnType<typeof watched>["set"]) =>
  set.running().map((each) => `${each.policy.name} ${each.policy.hash}`);

describe("an edit of the rules", () => {
  it("starts anew what means something else, and leaves the rest alone", async () => {
    const { set, events } = watched();
    set.apply([web("w1"), api]);
    set.apply([web("w2"), api]);
    await settled();
    expect(events).toEqual(["start web w1", "start api a1", "end web w1", "start web w2"]);
    expect(names(set)).toEqual(["api a1", "web w2"]);
  });

  it("in mid-rollback lets the rollback end before the edited policy takes over; others do not wait", async () => {
    const { set, events, endRollback } = watched(["web w1"]);
    set.apply([web("w1")]);
    set.apply([web("w2"), api]);
    await settled();
    expect(events).toEqual(["start web w1", "start api a1"]);
    expect(names(set)).toEqual(["web w1", "api a1"]);
    await endRollback("web w1");
    expect(events.slice(2)).toEqual(["end web w1", "start web w2"]);
  });

  it("that renames a policy in mid-rollback does not let the new name take the target over before the end", async () => {
    const { set, events, endRollback } = watched(["web w1"]);
    set.apply([web("w1")]);
    set.apply([{ ...web("w1"), name: "shop-web" }]);
    await settled();
    expect(events).toEqual(["start web w1"]);
    await endRollback("web w1");
    expect(events.slice(1)).toEqual(["end web w1", "start shop-web w1"]);
  });

  it("that removes a policy in mid-rollback lets the rollback end", async () => {
    const { set, events, endRollback } = watched(["web w1"]);
    set.apply([web("w1")]);
    set.apply([]);
    await settled();
    expect(names(set)).toEqual(["web w1"]);
    await endRollback("web w1");
    expect(events).toEqual(["start web w1", "end web w1"]);
    expect(names(set)).toEqual([]);
  });

  it("and another while a rollback goes on: the rules that are in force at its end count", async () => {
    const { set, events, endRollback } = watched(["web w1"]);
    set.apply([web("w1")]);
    set.apply([web("w2")]);
    set.apply([web("w3")]);
    await endRollback("web w1");
    expect(events).toEqual(["start web w1", "end web w1", "start web w3"]);
  });

  it("that is taken back while a rollback goes on starts the policy again after it", async () => {
    const { set, events, endRollback } = watched(["web w1"]);
    set.apply([web("w1")]);
    set.apply([web("w2")]);
    set.apply([web("w1")]);
    await endRollback("web w1");
    expect(events).toEqual(["start web w1", "end web w1", "start web w1"]);
  });
});

describe("the end of the daemon", () => {
  it("does not wait for a rollback, and starts nothing after it", async () => {
    const { set, events, endRollback } = watched(["web w1"]);
    set.apply([web("w1")]);
    set.apply([web("w2")]);
    await set.stop();
    await endRollback("web w1");
    expect(events).toEqual(["start web w1", "stop web w1", "end web w1"]);
  });
});
