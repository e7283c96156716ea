import { writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SettingsError } from "../../src/config/settings-error.ts";
import { loadSettings, type PrometheusSettings } from "../../src/config/settings.ts";
import { connectPrometheus } from "../../src/daemon/prometheus-settings.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { createAuthority } from "../faults/certificates.ts";
import { startFakePrometheus } from "../faults/fake-prometheus.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const AT = 1_700_000_000_000;

/** Writes a file that is gone with the test, and says where it is. */
function files(): (name: string, content: string) => string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  return (name, content) => {
    writeFileSync(join(path, name), content);
    return join(path, name);
  };
}

function settings(url: string, environment: Readonly<Record<string, string>>): PrometheusSettings {
  const env = Object.entries(environment).map(([key, value]) => [`ROLLBACKD_PROMETHEUS_${key}`, value]);
  const { prometheus } = loadSettings({
    file: undefined,
    env: { ...Object.fromEntries(env), ROLLBACKD_PROMETHEUS_URL: url },
    flags: {},
  });
  return prometheus;
}

function connect(url: string, environment: Readonly<Record<string, string>>) {
  const metrics = createMetrics("test");
  const prometheus = connectPrometheus(settings(url, environment), metrics);
  onTestFinished(prometheus.close);
  return { ...prometheus, metrics };
}

async function fake() {
  const prometheus = await startFakePrometheus(() => 1);
  onTestFinished(prometheus.close);
  return prometheus;
}

describe("who asks", () => {
  test("a user whose password is renewed in its file", async () => {
    const { url, asked } = await fake();
    const file = files();
    const password = file("password", "first\n");
    const { instant } = connect(url, { BASIC_USER: "me", BASIC_PASSWORD_FILE: password });
    await instant("up", AT);
    file("password", "sec:ond\n");
    await instant("up", AT);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(
      ["me:first", "me:sec:ond"].map((pair) => `Basic ${Buffer.from(pair).toString("base64")}`),
    );
  });

  test("a bearer whose token is renewed in its file, for a tenant", async () => {
    const { url, asked } = await fake();
    const file = files();
    const token = file("token", "first\n");
    const { instant } = connect(url, { BEARER_TOKEN_FILE: token, TENANT: "team-a" });
    await instant("up", AT);
    file("token", "second");
    await instant("up", AT);
    expect(asked.map(({ headers }) => [headers.authorization, headers["x-scope-orgid"]])).toEqual([
      ["Bearer first", "team-a"],
      ["Bearer second", "team-a"],
    ]);
  });

  test("nobody in particular", async () => {
    const { url, asked } = await fake();
    await connect(url, {}).instant("up", AT);
    expect(asked[0]?.headers).not.toHaveProperty("authorization");
    expect(asked[0]?.headers).not.toHaveProperty("x-scope-orgid");
  });
});

test("what is asked, and what fails, shows in the metrics", async () => {
  const prometheus = await fake();
  const { instant, metrics } = connect(prometheus.url, {});
  await instant("up", AT);
  prometheus.answer({ status: 503, body: "busy" });
  await instant("up", AT);
  const shown = await metrics.registry.metrics();
  expect(shown).toContain(`rollbackd_query_duration_seconds_count{endpoint="${prometheus.url}"} 2`);
  expect(shown).toContain('rollbackd_query_failures_total{reason="query-failed"} 1');
});

describe("TLS files", () => {
  const authority = createAuthority("ours");
  const identity = authority.issue("rollbackd");

  test("let a client in that nobody else would be", async () => {
    const file = files();
    const server = createServer(
      { ...authority.issue("server"), ca: authority.ca, requestCert: true },
      (_, response) => {
        const result = { resultType: "scalar", result: [AT / 1000, "1"] };
        response.end(JSON.stringify({ status: "success", data: result }));
      },
    ).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ca = { CA_FILE: file("ca.pem", authority.ca) };
    const client = { CERT_FILE: file("cert.pem", identity.cert), KEY_FILE: file("key.pem", identity.key) };
    await expect(connect(url, { ...ca, ...client }).instant("1", AT)).resolves.toMatchObject({ ok: true });
    await expect(connect(url, client).instant("1", AT)).resolves.toMatchObject({
      ok: false,
      detail: expect.stringContaining("signed by nobody trusted here"),
    });
    await expect(connect(url, ca).instant("1", AT)).resolves.toMatchObject({ ok: false });
  });

  test("that are of no use end the start, with each that is wrong", () => {
    const file = files();
    const cert = file("cert.pem", identity.cert);
    const key = file("key.pem", authority.issue("other").key);
    const problems = (environment: Readonly<Record<string, string>>): readonly string[] => {
      try {
        connect("https://127.0.0.1:1", environment);
        return [];
      } catch (error) {
        return error instanceof SettingsError ? error.problems : [String(error)];
      }
    };
    expect(problems({ CERT_FILE: cert, CA_FILE: "/nowhere/ca.pem" })).toEqual([
      expect.stringMatching(/^prometheus.certFile \(ROLLBACKD_PROMETHEUS_CERT_FILE\): needs .*KEY_FILE/),
      expect.stringMatching(/^prometheus.caFile .*CA_FILE\): cannot be read: .*\/nowhere\/ca.pem/),
    ]);
    expect(problems({ CERT_FILE: cert, KEY_FILE: key })).toEqual([
      expect.stringMatching(/CERT_FILE.*KEY_FILE.*do not belong together: .*mismatch/),
    ]);
    expect(problems({ CA_FILE: file("ca.pem", "no PEM") })).toEqual([
      expect.stringMatching(/CA_FILE\): no usable PEM.*ca.pem holds no certificate in PEM/),
    ]);
  });
});
