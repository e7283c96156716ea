import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const RULES = `policies:
  - name: shop
    mode: enforce
    interval: 1s
    target: {script: true}
    guard: always
    triggers:
      - {name: health, probe: {url: "http://127.0.0.1:1/ready", interval: 1s, timeout: 500ms}, failures: 2}
    rollback: {strategy: script, script: {command: ["true"], timeout: 1m}, verify: {recovery: 2s}}
`;

it("the daemon's standard output tells a rollback from the trigger to its failed verification", async () => {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  writeFileSync(join(path, "rules.yaml"), RULES);
  const daemon = await startDaemon({
    ROLLBACKD_RULES: join(path, "rules.yaml"),
    ROLLBACKD_DATA_DIR: join(path, "data"),
    ROLLBACKD_PROMETHEUS_URL: "http://127.0.0.1:1",
    HOME: path,
  });
  onTestFinished(() => daemon.kill());
  const lines = () =>
    daemon
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, string>);
  await eventually("the rollback has failed", () => {
    expect(lines().map(({ record }) => record)).toContain("rollback.failed");
  });
  const story = lines().filter(({ record }) => /^(trigger|decision|rollback)\./u.test(record ?? ""));
  const [first, ...others] = story.filter((line) => line["record"] !== "trigger.unknown");
  expect([first, ...others].map((line) => `${line?.["level"]} ${line?.["record"]}`)).toEqual([
    "warn trigger.firing",
    "warn decision.made",
    "warn rollback.started",
    "warn rollback.applied",
    "error rollback.failed",
  ]);
  expect(new Set(others.map(({ decisionId }) => decisionId)).size).toBe(1);
  expect(story.at(-1)).toMatchObject({ policy: "shop", target: "script/shop", reason: expect.any(String) });
});
