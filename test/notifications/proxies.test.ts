import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Send } from "../../src/notifications/channel.ts";
import type { Message } from "../../src/notifications/message.ts";
import { createPagerDuty } from "../../src/notifications/pagerduty.ts";
import { createSlack } from "../../src/notifications/slack.ts";
import { createStatuspage } from "../../src/notifications/statuspage.ts";
import { createWebhook } from "../../src/notifications/webhook.ts";
import { DEFAULT_STATUS_PAGE } from "../../src/rules/status-page.ts";
import { createPrometheus } from "../../src/signals/prometheus.ts";
import { createAuthority } from "../faults/certificates.ts";
import { startFakePrometheus } from "../faults/fake-prometheus.ts";
import { startOutgoingProxy } from "../faults/outgoing-proxy.ts";
import { startPagerDutyReceiver, startSlackReceiver, startWebhookReceiver } from "../support/receivers.ts";
import { startFakeStatuspage } from "../support/statuspage.ts";

const message: Message = {
  event: "trigger",
  dedupKey: "rollbackd/shop/api/7",
  severity: "error",
  title: "Rolling back shop/api",
  lines: [],
  evidence: [],
  at: "2026-01-01T00:00:00.000Z",
};

beforeEach(() => {
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toLowerCase(), undefined);
  }
  onTestFinished(() => void vi.unstubAllEnvs());
});

async function proxy() {
  const started = await startOutgoingProxy();
  onTestFinished(started.close);
  return started;
}

const channels = {
  slack: {
    start: startSlackReceiver,
    create: (url: string): Send =>
      createSlack({ webhookUrl: () => url, publicUrl: undefined, timeoutMs: 20_000 }),
    answer: { status: 200, body: "ok" },
  },
  pagerduty: {
    start: startPagerDutyReceiver,
    create: (url: string): Send =>
      createPagerDuty({ routingKey: () => "KEY", url, publicUrl: undefined, timeoutMs: 20_000 }),
    answer: { status: 202, body: "{}" },
  },
  webhook: {
    start: startWebhookReceiver,
    create: (url: string): Send =>
      createWebhook({ url: () => url, secret: () => "KEY", publicUrl: undefined, timeoutMs: 20_000 }),
    answer: { status: 204, body: "" },
  },
};

describe.each(["slack", "pagerduty", "webhook"] as const)("%s", (name) => {
  const { start, create, answer } = channels[name];

  test("goes through HTTP_PROXY where its address is http", async () => {
    const { url, asked } = await proxy();
    const receiver = await start();
    onTestFinished(receiver.close);
    vi.stubEnv("HTTP_PROXY", url);
    expect(await create(receiver.url)(message)).toEqual({ kind: "delivered" });
    expect(asked).toMatchObject([{ method: "POST", target: receiver.url }]);
  });

  test("goes through a tunnel of HTTPS_PROXY where its address is https, with the proxy's own password", async () => {
    const { url, asked } = await proxy();
    const receiver = await secure(answer);
    vi.stubEnv("HTTPS_PROXY", url.replace("//", "//me:sesame@"));
    expect(await create(`${receiver.url}/services/T0/B0/SECRET`)(message)).toEqual({ kind: "delivered" });
    expect(asked).toEqual([
      {
        method: "CONNECT",
        target: new URL(receiver.url).host,
        authorization: `Basic ${Buffer.from("me:sesame").toString("base64")}`,
      },
    ]);
    expect(receiver.requests()).toBe(1);
  });

  test("goes straight to what NO_PROXY names", async () => {
    const { url, asked } = await proxy();
    const receiver = await start();
    onTestFinished(receiver.close);
    vi.stubEnv("HTTP_PROXY", url);
    vi.stubEnv("NO_PROXY", "example.org,127.0.0.1");
    expect(await create(receiver.url)(message)).toEqual({ kind: "delivered" });
    expect(asked).toEqual([]);
  });

  test("trap 31: a proxy that refuses or is away may be mended: it is tried again, and told without its password", async () => {
    const { url, refuse, close } = await proxy();
    vi.stubEnv("HTTPS_PROXY", url.replace("//", "//me:sesame@"));
    const send = create("https://127.0.0.1:8443/services/T0/B0/SECRET");
    refuse(407);
    const refused = await send(message);
    await close();
    for (const delivery of [refused, await send(message)]) {
      expect(delivery.kind).toBe("retry");
      expect(JSON.stringify(delivery)).not.toMatch(/sesame|SECRET/);
    }
    expect(refused).toMatchObject({ error: expect.stringContaining("the proxy answered 407") as unknown });
  });
});

test("Statuspage is reached through the proxy, too", async () => {
  const { url, asked } = await proxy();
  const page = await startFakeStatuspage("KEY");
  onTestFinished(page.close);
  vi.stubEnv("HTTP_PROXY", url);
  const send = createStatuspage({
    apiKey: () => "KEY",
    pageId: page.pageId,
    url: page.url,
    pageOf: () => DEFAULT_STATUS_PAGE,
  });
  const news = { stage: "created", key: message.dedupKey, startedAt: message.at } as const;
  expect(await send({ ...message, news })).toMatchObject({ kind: "delivered" });
  expect(asked.map(({ method }) => method)).toEqual(["GET", "POST"]);
});

test("Prometheus is asked straight, whatever proxies the environment names", async () => {
  const { url, asked } = await proxy();
  vi.stubEnv("HTTP_PROXY", url);
  vi.stubEnv("HTTPS_PROXY", url);
  const server = await startFakePrometheus(() => 1);
  onTestFinished(server.close);
  const prometheus = createPrometheus({ urls: [server.url] });
  onTestFinished(prometheus.close);
  await prometheus.instant("up", Date.UTC(2026, 0, 1));
  expect(server.asked).toHaveLength(1);
  expect(asked).toEqual([]);
});

/** A receiver over https that this process trusts for the length of the test. */
async function secure(answer: { readonly status: number; readonly body: string }) {
  const authority = createAuthority("receivers of the test");
  const trusted = getCACertificates("default");
  setDefaultCACertificates([...trusted, authority.ca]);
  onTestFinished(() => setDefaultCACertificates(trusted));
  let requests = 0;
  const server = createServer(authority.issue("receiver"), (incoming, outgoing) => {
    requests += 1;
    incoming.resume().on("end", () => outgoing.writeHead(answer.status).end(answer.body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
  };
}
