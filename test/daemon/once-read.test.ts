import { expect, it } from "vitest";
import type { Commands } from "../../src/daemon/commands.ts";
import { onceRead } from "../../src/daemon/once-read.ts";

it("nothing that people ask for is done while the log is still being read", async () => {
  const asked: string[] = [];
  const does =
    (name: string) =>
    async (...args: readonly unknown[]) => {
      asked.push(`${name} ${JSON.stringify(args[0])}`);
      return { ok: true } as const;
    };
  const names = ["plan", "rollback", "freeze", "resume", "approve", "reject", "release"] as const;
  const commands = {
    ...Object.fromEntries(names.map((name) => [name, does(name)])),
    policyOfDecision: async () => "shop",
  } as unknown as Commands;
  let readUntil: number | undefined = 7;
  const guarded = onceRead(commands, () => readUntil);
  const askAll = async () =>
    Promise.all([
      guarded.plan("shop", { reason: "other" }),
      guarded.rollback("shop", { reason: "other" }, "token:alice"),
      guarded.freeze("shop", {}, "token:alice"),
      guarded.resume("shop", {}, "token:alice"),
      guarded.approve("d1", {}, "token:alice"),
      guarded.reject("d1", {}, "token:alice"),
      guarded.release("shop", { version: "v2" }, "token:alice"),
    ]);

  for (const answer of await askAll()) {
    expect(answer).toMatchObject({ ok: false, kind: "unavailable", reason: "starting" });
  }
  expect(asked).toEqual([]);
  readUntil = undefined;
  expect((await askAll()).every(({ ok }) => ok)).toBe(true);
  expect(asked.map((each) => each.split(" ")[0])).toEqual(names);
});
