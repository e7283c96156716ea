import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { rollbackd, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startPrometheus } from "../support/prometheus.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SCRIPT_POLICY = `policies:
  - name: shop
    interval: 1s
    target: {script: true}
    guard: always
    triggers:
      - {name: errors, expr: vector(0), above: 1, for: 2s}
    rollback: {strategy: script, script: {command: ["true"], timeout: 1m}}
`;
const DEPLOYMENT_POLICY = SCRIPT_POLICY.replace(
  "target: {script: true}\n    guard: always",
  "target: {namespace: shop, deployments: [shop]}",
).replace(`{strategy: script, script: {command: ["true"], timeout: 1m}}`, "{strategy: deployment}");

/** A folder with these rules, and settings that would do. */
function given(rules: string) {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  mkdirSync(join(path, "rules"));
  writeFileSync(join(path, "rules", "shop.yaml"), rules);
  const env = {
    ROLLBACKD_RULES: join(path, "rules"),
    ROLLBACKD_DATA_DIR: join(path, "data"),
    ROLLBACKD_HTTP_PORT: "0",
    ROLLBACKD_PROMETHEUS_URL: "http://127.0.0.1:1",
    HOME: path,
  };
  return { path, env };
}

const runWith = (env: Readonly<Record<string, string>>) => rollbackd({ args: ["run"], env });

describe("what makes a start impossible is said in one message, with exit code 2", () => {
  test("wrong rules, each with its place and a hint", async () => {
    const { env } = given(SCRIPT_POLICY.replace("above:", "abov:").replace("for: 2s", "for: 2 fortnights"));
    const { code, stderr } = await runWith(env);
    expect(code).toBe(2);
    expect(stderr).toMatch(/shop\.yaml:7:\d+: .*`abov`.*`above`/);
    expect(stderr).toMatch(/shop\.yaml:7:\d+: .*fortnights/);
  });

  test("no rules folder", async () => {
    const { env, path } = given(SCRIPT_POLICY);
    const { code, stderr } = await runWith({ ...env, ROLLBACKD_RULES: join(path, "nowhere") });
    expect(code).toBe(2);
    expect(stderr).toContain("nowhere");
  });

  test("a data folder that cannot be written", async () => {
    const { env, path } = given(SCRIPT_POLICY);
    writeFileSync(join(path, "file"), "");
    const { code, stderr } = await runWith({ ...env, ROLLBACKD_DATA_DIR: join(path, "file") });
    expect(code).toBe(2);
    expect(stderr).toMatch(/decision log.*file\/decisions.*/s);
  });

  test("a port that another process has", async () => {
    const { env } = given(SCRIPT_POLICY);
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const port = String((server.address() as AddressInfo).port);
    const { code, stderr } = await runWith({ ...env, ROLLBACKD_HTTP_PORT: port });
    expect(code).toBe(2);
    expect(stderr).toContain(`cannot listen on 127.0.0.1 port ${port}: another process does`);
    expect(stderr).toContain("ROLLBACKD_HTTP_PORT");
  });

  test("a kubeconfig that is none", async () => {
    const { env, path } = given(DEPLOYMENT_POLICY);
    const kubeconfig = join(path, "kubeconfig");
    writeFileSync(kubeconfig, "clusters: [");
    const { code, stderr } = await runWith({ ...env, KUBECONFIG: kubeconfig });
    expect(code).toBe(2);
    expect(stderr).toContain(kubeconfig);
  });

  test("no kubeconfig at all, where a policy needs a cluster", async () => {
    const { env } = given(DEPLOYMENT_POLICY);
    const { code, stderr } = await runWith(env);
    expect(code).toBe(2);
    expect(stderr).toMatch(/kubeconfig/i);
  });

  test("a second daemon on the same data folder", async () => {
    const { env } = given(SCRIPT_POLICY);
    const first = await startDaemon(env);
    onTestFinished(first.kill);
    const { code, stderr } = await runWith(env);
    expect(code).toBe(2);
    expect(stderr).toContain(`process ${first.pid}`);
    expect(await first.stop()).toBe(0);
  });
});

describe("what can pass leaves it running and unready, and it recovers by itself", () => {
  test("Prometheus does not answer at the start", async () => {
    const { env } = given(SCRIPT_POLICY);
    const port = await freePort();
    const daemon = await startDaemon({ ...env, ROLLBACKD_PROMETHEUS_URL: `http://127.0.0.1:${port}` });
    onTestFinished(daemon.kill);
    await eventually("it is unready and says why", async () => {
      const { status, text } = await daemon.ready();
      expect(status).toBe(503);
      expect(text).toContain("ROLLBACKD_PROMETHEUS_URL");
    });
    const prometheus = await startPrometheus({ port });
    onTestFinished(() => prometheus.stop());
    await eventually("it is ready", async () => expect((await daemon.ready()).status).toBe(200), {
      withinMs: 45_000,
    });
    expect(await daemon.stop()).toBe(0);
  });

  test("rules that are broken while it runs leave the old ones in force, and are told", async () => {
    const { env, path } = given(SCRIPT_POLICY);
    const daemon = await startDaemon(env);
    onTestFinished(daemon.kill);
    const file = join(path, "rules", "shop.yaml");
    writeFileSync(file, SCRIPT_POLICY.replace("above:", "abov:"));
    await eventually(
      "the rejection shows",
      async () => expect(JSON.stringify(await daemon.detailed())).toContain("shop.yaml:7:"),
      { withinMs: 45_000 },
    );
    expect((await daemon.detailed()).policies.map(({ policy }) => policy)).toEqual(["shop"]);
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    expect(metrics).toContain("rollbackd_rules_load_success 0");
    writeFileSync(file, SCRIPT_POLICY);
    await eventually(
      "the mended rules are in force",
      async () =>
        expect(await (await fetch(`${daemon.url}/metrics`)).text()).toContain(
          "rollbackd_rules_load_success 1",
        ),
      { withinMs: 45_000 },
    );
    expect(await daemon.stop()).toBe(0);
  });
});
