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

it("trap 26: by hand, too, the other colour has its pods before the Service is switched to it", () => {
  const side = { deployment: "api-blue", replicas: 3 };
  expect(commandByHand(target, { name: "blue:7", side })?.split(" && ")).toEqual([
    "kubectl -n shop scale deployment/api-blue --replicas=3",
    "kubectl -n shop rollout status deployment/api-blue --timeout=10m",
    expect.stringContaining("patch service api"),
  ]);
});

it("a Deployment needs no command of its own", () => {
  expect(
    commandByHand({ kind: "deployment", namespace: "shop", deployment: "api" }, { name: "7" }),
  ).toBeUndefined();
});
