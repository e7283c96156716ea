import { expect, it } from "vitest";
import { commandByHand } from "../../src/decisions/by-hand.ts";

const target = {
  kind: "blue-green",
  namespace: "shop",
  service: "api",
  label: "app.kubernetes.io/color",
  colors: ["blue", "blue-2"],
} as const;

it.each([
  ["blue:7", "blue"],
  ["blue-2:7", "blue-2"],
])("to go back to %s by hand is to select its colour", (name, color) => {
  expect(commandByHand(target, { name })).toBe(
    `kubectl -n shop patch service api --type merge --patch '{"spec":{"selector":{"app.kubernetes.io/color":"${color}"}}}'`,
  );
});

it("a Deployment needs no command of its own", () => {
  expect(
    commandByHand({ kind: "deployment", namespace: "shop", deployment: "api" }, { name: "7" }),
  ).toBeUndefined();
});
