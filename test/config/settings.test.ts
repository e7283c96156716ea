import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VARIABLES } from "../../src/config/schema.ts";
import { SettingsError } from "../../src/config/settings-error.ts";
import { type Settings, loadSettings, secretsIn } from "../../src/config/settings.ts";

const DEFAULTS = resolve(import.meta.dirname, "../../config/default.yaml");
const PROMETHEUS = { ROLLBACKD_PROMETHEUS_URL: "http://prometheus:9090" };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollbackd-settings-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

function load(env: Record<string, string> = {}, file?: string, flags: Record<string, string> = {}): Settings {
  return loadSettings({ env: { ...PROMETHEUS, ...env }, file, flags });
}

function problems(env: Record<string, string>, file?: string): readonly string[] {
  try {
    load(env, file);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe("where a setting comes from", () => {
  it("defaults suit a first try on one machine", () => {
    const settings = load();
    expect(settings).toMatchObject({
      rules: "./rules",
      dataDir: "./data",
      logLevel: "info",
      publicUrl: "http://127.0.0.1:9480",
      http: { host: "127.0.0.1", port: 9480 },
      pagerduty: { url: "https://events.pagerduty.com/v2/enqueue" },
    });
    expect(settings.slack.webhookUrl()).toBeUndefined();
    expect(settings.prometheus.tenant).toBeUndefined();
  });

  it("the file beats the default, the environment the file, a flag the environment", async () => {
    const config = await file("a.yaml", "http: {host: 0.0.0.0, port: 1}\nlogLevel: warn\n");
    expect(load({}, config).http).toEqual({ host: "0.0.0.0", port: 1 });
    expect(load({ ROLLBACKD_HTTP_PORT: "2" }, config).http).toEqual({ host: "0.0.0.0", port: 2 });
    expect(load({ ROLLBACKD_HTTP_PORT: "2" }, config, { "http.port": "3" }).http.port).toBe(3);
    expect(load({}, config).logLevel).toBe("warn");
  });

  it("several Prometheus addresses are separated by commas, or are a list in the file", async () => {
    const both = ["http://a:9090/prom", "https://b"];
    expect(load({ ROLLBACKD_PROMETHEUS_URL: "http://a:9090/prom, https://b" }).prometheus.urls).toEqual(both);
    const config = await file("a.yaml", `prometheus: {url: ["http://a:9090/prom", "https://b"]}`);
    expect(loadSettings({ env: {}, file: config, flags: {} }).prometheus.urls).toEqual(both);
  });

  it("a group of the file without keys is no group", async () => {
    expect(load({}, await file("a.yaml", "slack:\n  # webhookUrlFile: /etc/slack\n")).http.port).toBe(9480);
  });

  it("an empty variable is not set", () => {
    expect(load({ ROLLBACKD_HTTP_PORT: "", ROLLBACKD_SLACK_WEBHOOK_URL: "" }).http.port).toBe(9480);
  });
});

describe("what is wrong is said with its key, its variable and what was expected", () => {
  it.each([
    [
      { ROLLBACKD_HTTP_PORT: "94x0" },
      'http.port (ROLLBACKD_HTTP_PORT): expected a port number from 0 (any free one) to 65535, got "94x0"',
    ],
    [
      { ROLLBACKD_HTTP_PORT: "70000" },
      "http.port (ROLLBACKD_HTTP_PORT): expected a port number from 0 (any free one) to 65535, got 70000",
    ],
    [
      { ROLLBACKD_LOG_LEVEL: "loud" },
      'logLevel (ROLLBACKD_LOG_LEVEL): expected one of fatal, error, warn, info, debug, trace, got "loud"',
    ],
    [
      { ROLLBACKD_HTTP_HOST: "a b" },
      'http.host (ROLLBACKD_HTTP_HOST): expected a host name or an IP address to listen on, got "a b"',
    ],
    [{ ROLLBACKD_RULES: " " }, 'rules (ROLLBACKD_RULES): expected the path of a file or folder, got " "'],
    [
      { ROLLBACKD_PROMETHEUS_URL: "prometheus:9090" },
      "prometheus.url (ROLLBACKD_PROMETHEUS_URL): expected addresses that begin with http:// or https://, separated by commas, such as http://prometheus:9090",
    ],
    [
      { ROLLBACKD_PROMETHEUS_URL: "" },
      "prometheus.url (ROLLBACKD_PROMETHEUS_URL): missing; expected where Prometheus answers, such as http://prometheus:9090",
    ],
    [
      { ROLLBACKD_PROMETHEUS_BASIC_USER: "me" },
      "prometheus.basicUser (ROLLBACKD_PROMETHEUS_BASIC_USER): needs prometheus.basicPasswordFile (ROLLBACKD_PROMETHEUS_BASIC_PASSWORD_FILE) beside it, and the other way round",
    ],
  ])("%j", (env, message) => {
    expect(problems(env)).toEqual([message]);
  });

  it("all at once", () => {
    expect(problems({ ROLLBACKD_HTTP_PORT: "x", ROLLBACKD_LOG_LEVEL: "y" })).toHaveLength(2);
  });

  it("an unknown key of the file is an error with its line and what was probably meant", async () => {
    const config = await file("a.yaml", "rules: ./rules\nhttp:\n  prot: 9480\nnotify: 1\n");
    expect(problems({}, config)).toEqual([
      `${config}:3: unknown key \`http.prot\`. Did you mean \`http.port\`? config/default.yaml shows all keys.`,
      `${config}:4: unknown key \`notify\`. config/default.yaml shows all keys.`,
    ]);
  });

  it.each([
    ["http: 9480", "1: http holds keys of its own, not a value"],
    ["a: [", "1: "],
    ["rules: a\nrules: b", "2: Map keys must be unique"],
    ["just text", "expected keys such as"],
    ["rules: 7", "rules (ROLLBACKD_RULES): expected the path of a file or folder, got 7"],
    ["rules:", "rules (ROLLBACKD_RULES): expected the path of a file or folder, got null"],
    ["rules: {deep: 1}", "1: rules is one value, not keys of its own"],
  ])("file with %j", async (content, message) => {
    const [first] = problems({}, await file("a.yaml", content));
    expect(first).toContain(message);
  });

  it("a file that is not there is named", () => {
    expect(problems({}, "/nowhere.yaml")).toEqual([
      "cannot read the file of --config: ENOENT: no such file or directory, open '/nowhere.yaml'",
    ]);
  });
});

describe("secrets", () => {
  const hook = "https://hooks.slack.example/services/T/B/sesame";

  it("come from the variable, or from a file that is read anew each time", async () => {
    expect(load({ ROLLBACKD_SLACK_WEBHOOK_URL: hook }).slack.webhookUrl()).toBe(hook);
    const key = await file("key", "first\n");
    const { routingKey } = load({ ROLLBACKD_PAGERDUTY_ROUTING_KEY_FILE: key }).pagerduty;
    expect(routingKey()).toBe("first");
    await file("key", "second\n");
    expect(routingKey()).toBe("second");
  });

  it("stand while their file is being replaced", async () => {
    const key = await file("key", "first");
    const { routingKey } = load({ ROLLBACKD_PAGERDUTY_ROUTING_KEY_FILE: key }).pagerduty;
    await rename(key, `${key}.old`);
    expect(routingKey()).toBe("first");
  });

  it("a missing or empty file is a problem at the start", async () => {
    const [missing] = problems({ ROLLBACKD_PAGERDUTY_ROUTING_KEY_FILE: "/nowhere" });
    expect(missing).toContain(
      "pagerduty.routingKeyFile (ROLLBACKD_PAGERDUTY_ROUTING_KEY_FILE): cannot read the secret in /nowhere",
    );
    const [empty] = problems({ ROLLBACKD_PAGERDUTY_ROUTING_KEY_FILE: await file("key", "\n") });
    expect(empty).toContain("it is empty");
  });

  it("from both places is a problem", async () => {
    const env = {
      ROLLBACKD_SLACK_WEBHOOK_URL: hook,
      ROLLBACKD_SLACK_WEBHOOK_URL_FILE: await file("hook", hook),
    };
    expect(problems(env)).toEqual([
      "slack.webhookUrl (ROLLBACKD_SLACK_WEBHOOK_URL): slack.webhookUrlFile (ROLLBACKD_SLACK_WEBHOOK_URL_FILE) is set, too; keep one of them",
    ]);
  });

  it("a status page and a webhook need both their halves", () => {
    const beside = "beside it, and the other way round";
    expect(problems({ ROLLBACKD_STATUSPAGE_API_KEY: "k" })).toEqual([
      `statuspage.pageId (ROLLBACKD_STATUSPAGE_PAGE_ID): needs statuspage.apiKeyFile (ROLLBACKD_STATUSPAGE_API_KEY_FILE) ${beside}`,
    ]);
    expect(problems({ ROLLBACKD_WEBHOOK_URL: hook })).toEqual([
      `webhook.urlFile (ROLLBACKD_WEBHOOK_URL_FILE): needs webhook.secretFile (ROLLBACKD_WEBHOOK_SECRET_FILE) ${beside}`,
    ]);
    const { statuspage, webhook } = load({
      ROLLBACKD_STATUSPAGE_API_KEY: "k",
      ROLLBACKD_STATUSPAGE_PAGE_ID: "p",
      ROLLBACKD_STATUSPAGE_URL: "http://127.0.0.1:1/v1/",
      ROLLBACKD_WEBHOOK_URL: hook,
      ROLLBACKD_WEBHOOK_SECRET: "s",
    });
    expect([statuspage.apiKey(), statuspage.pageId, statuspage.url]).toEqual([
      "k",
      "p",
      "http://127.0.0.1:1/v1",
    ]);
    expect([webhook.url(), webhook.secret()]).toEqual([hook, "s"]);
  });

  it("trap 34: all of them are known to whatever keeps them out of sight", () => {
    const all = load({
      ROLLBACKD_SLACK_WEBHOOK_URL: "http://slack",
      ROLLBACKD_PAGERDUTY_ROUTING_KEY: "routing",
      ROLLBACKD_STATUSPAGE_API_KEY: "key",
      ROLLBACKD_STATUSPAGE_PAGE_ID: "page",
      ROLLBACKD_WEBHOOK_URL: "http://webhook",
      ROLLBACKD_WEBHOOK_SECRET: "secret",
    });
    expect(secretsIn(all).flatMap((secret) => secret() ?? [])).toEqual([
      "http://slack",
      "routing",
      "key",
      "http://webhook",
      "secret",
    ]);
  });

  it("trap 34: a wrong one is never shown", () => {
    const env = { ROLLBACKD_SLACK_WEBHOOK_URL: "ftp://sesame", ROLLBACKD_PROMETHEUS_URL: "user:sesame@host" };
    const text = problems(env).join("\n");
    expect(text).toContain("slack.webhookUrl (ROLLBACKD_SLACK_WEBHOOK_URL): expected an address");
    expect(text).not.toContain("sesame");
  });

  it("are no part of the settings as text", () => {
    expect(JSON.stringify(load({ ROLLBACKD_SLACK_WEBHOOK_URL: hook }))).not.toContain("sesame");
  });
});

describe("config/default.yaml", () => {
  it("is what holds without it", () => {
    expect(JSON.stringify(load({}, DEFAULTS))).toBe(JSON.stringify(load()));
  });

  it("names every key and every variable", async () => {
    const text = await readFile(DEFAULTS, "utf8");
    for (const [key, variable] of VARIABLES) {
      expect(text).toMatch(new RegExp(`^ *${key.split(".").at(-1)}:`, "mu"));
      expect(text).toContain(variable);
    }
  });
});
