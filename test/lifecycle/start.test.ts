import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type Ended, rollbackd } from "../support/daemon.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { openStage } from "./stage.ts";

const SCRIPT = `policies:
  - name: vcci-api
    target: {script: true}
    guard: always
    triggers: [{name: error-rate, expr: "errors:ratio", above: 5%, for: 1m}]
    rollback: {strategy: script, script: {command: [bash, rollback.sh]}}
`;
const DEPLOYMENT = SCRIPT.replace("{script: true}", "{namespace: vcci, deployments: [api]}")
  .replace("    guard: always\n", "")
  .replace(/rollback: .*/, "rollback: {strategy: deployment}");

interface Start {
  readonly rules?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `rollbackd run` where it cannot. */
async function run({ rules = SCRIPT, env = {} }: Start): Promise<Ended> {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(path, "rules.yaml");
  writeFileSync(file, rules);
  return rollbackd({
    args: ["run"],
    env: {
      ROLLBACKD_RULES: file,
      ROLLBACKD_DATA_DIR: join(path, "data"),
      ROLLBACKD_HTTP_PORT: "0",
      ROLLBACKD_PROMETHEUS_URL: "http://127.0.0.1:1",
      HOME: path,
      ...env,
    },
  });
}

describe("what cannot pass by itself ends the start with 2 and one message that says what to do", () => {
  it.each<[what: string, start: Start, says: RegExp]>([
    ["settings: no number", { env: { ROLLBACKD_HTTP_PORT: "http" } }, /http\.port.*ROLLBACKD_HTTP_PORT/],
    [
      "rules: a misspelt key",
      { rules: SCRIPT.replace("above", "abvoe") },
      /rules\.yaml:5:\d+: .*Did you mean `above`/,
    ],
    ["rules: no such folder", { env: { ROLLBACKD_RULES: "/nowhere" } }, /\/nowhere/],
    [
      "cluster: none is configured",
      { rules: DEPLOYMENT },
      /No Kubernetes cluster is configured.*Set KUBECONFIG/,
    ],
    [
      "cluster: no such kubeconfig",
      { rules: DEPLOYMENT, env: { KUBECONFIG: "/nowhere" } },
      /KUBECONFIG names \/nowhere/,
    ],
    [
      "decision log: a folder that cannot be made",
      { env: { ROLLBACKD_DATA_DIR: "/dev/null/data" } },
      /\/dev\/null\/data/,
    ],
    [
      "HTTP server: an address of another machine",
      { env: { ROLLBACKD_HTTP_HOST: "203.0.113.1" } },
      /cannot listen on 203\.0\.113\.1.*ROLLBACKD_HTTP_HOST/,
    ],
  ])("%s", async (_, start, says) => {
    const { code, stdout, stderr } = await run(start);
    expect(stderr).toMatch(says);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("HTTP server: a port that another process has", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run({ env: { ROLLBACKD_HTTP_PORT: String(port) } });
    expect(stderr).toMatch(/another process does.*ROLLBACKD_HTTP_PORT/);
    expect(code).toBe(2);
  });

  it("decision log: a second daemon hears of the first, not of its port, and leaves its log alone", async () => {
    const stage = await openStage();
    const first = await stage.start();
    await first.reaches("rules.loaded");
    const second = await stage.start();
    await eventually("the second ends", () => expect(second.child.ending()?.exitCode).toBe(2));
    expect(second.child.log()).toContain(`is being written by process ${first.child.pid}`);
    await first.stop();
    expect((await stage.types()).filter((type) => type === "daemon.started")).toHaveLength(1);
    expect(await stage.defect()).toBeUndefined();
  });
});
