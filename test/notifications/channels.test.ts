import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Send } from "../../src/notifications/channel.ts";
import type { Message } from "../../src/notifications/message.ts";
import { createPagerDuty } from "../../src/notifications/pagerduty.ts";
import { createSlack } from "../../src/notifications/slack.ts";
import { createWebhook } from "../../src/notifications/webhook.ts";
import { freePort } from "../support/free-port.ts";
import {
  startPagerDutyReceiver,
  startSlackReceiver,
  startWebhookReceiver,
  type Receiver,
} from "../support/receivers.ts";

const KEY = "0123456789abcdefROUTINGKEY";
const PATIENT_MS = 20_000;
/** For a receiver that says nothing. */
const IMPATIENT_MS = 300;
const message: Message = {
  event: "trigger",
  dedupKey: "rollbackd/shop/api/7",
  severity: "error",
  title: "Rolling back shop/api",
  lines: ["error-rate 0.112 > 5%"],
  evidence: [],
  at: "2026-01-01T00:00:00.000Z",
};

const channels = {
  slack: {
    start: startSlackReceiver,
    create: (url: string, timeoutMs = PATIENT_MS): Send =>
      createSlack({ webhookUrl: () => url, publicUrl: undefined, timeoutMs }),
    secretOf: (url: string) => new URL(url).pathname,
  },
  pagerduty: {
    start: startPagerDutyReceiver,
    create: (url: string, timeoutMs = PATIENT_MS): Send =>
      createPagerDuty({ routingKey: () => KEY, url, publicUrl: undefined, timeoutMs }),
    secretOf: () => KEY,
  },
  webhook: {
    start: startWebhookReceiver,
    create: (url: string, timeoutMs = PATIENT_MS): Send =>
      createWebhook({ url: () => url, secret: () => KEY, publicUrl: undefined, timeoutMs }),
    secretOf: (url: string) => new URL(url).pathname,
  },
};

describe.each(["slack", "pagerduty", "webhook"] as const)("%s", (name) => {
  const { start, create, secretOf } = channels[name];
  let receiver: Receiver;
  let send: Send;

  beforeEach(async () => {
    receiver = await start();
    send = create(receiver.url);
  });
  afterEach(() => receiver.close());

  test("a message arrives as JSON", async () => {
    expect(await send(message)).toEqual({ kind: "delivered" });
    expect(receiver.accepted).toHaveLength(1);
    expect(receiver.received[0]?.headers["content-type"]).toMatch(/^application\/json/);
    expect(JSON.stringify(receiver.received[0]?.body)).toContain("Rolling back shop/api");
  });

  test.each([400, 401, 403, 404, 410, 413])("%i is permanent", async (status) => {
    receiver.script({ status, body: "invalid_payload" });
    expect(await send(message)).toMatchObject({
      kind: "permanent",
      error: expect.stringMatching(`answered ${status}: invalid_payload`) as unknown,
    });
    expect(receiver.received).toHaveLength(1);
  });

  test.each([429, 500, 502, 503, 504])("%i may pass, and is asked once an attempt", async (status) => {
    receiver.script({ status, body: "<html>busy</html>" });
    expect(await send(message)).toMatchObject({ kind: "retry" });
    expect(receiver.received).toHaveLength(1);
  });

  test("trap 31: Retry-After is handed on, as seconds or as a date", async () => {
    receiver.script({ status: 429, headers: { "retry-after": "30" } });
    expect(await send(message)).toMatchObject({ kind: "retry", notBeforeMs: 30_000 });
    const date = new Date(Date.now() + 60_000).toUTCString();
    receiver.script({ status: 503, headers: { "retry-after": date } });
    const answer = await send(message);
    expect(answer).toMatchObject({ kind: "retry", notBeforeMs: expect.any(Number) as unknown });
    expect("notBeforeMs" in answer ? answer.notBeforeMs : 0).toBeGreaterThan(55_000);
  });

  test("a closed connection and an answer that never comes may pass", async () => {
    receiver.script("reset", "hang");
    expect(await send(message)).toMatchObject({ kind: "retry" });
    expect(await create(receiver.url, IMPATIENT_MS)(message)).toMatchObject({
      kind: "retry",
      error: expect.stringMatching("took too long") as unknown,
    });
  });

  test("a redirect is not followed with the secret in hand", async () => {
    const elsewhere = await start();
    receiver.script({ status: 302, headers: { location: elsewhere.url } });
    expect((await send(message)).kind).not.toBe("delivered");
    expect(elsewhere.received).toHaveLength(0);
    await elsewhere.close();
  });

  test("trap 34: no error holds the secret, whoever wrote it", async () => {
    const secret = secretOf(receiver.url);
    const quoting = `cannot reach ${receiver.url} with ${KEY}`;
    receiver.script({ status: 404, body: quoting }, { status: 502, body: quoting }, "reset", "hang");
    const errors = [await send(message), await send(message), await send(message)];
    errors.push(await create(receiver.url, IMPATIENT_MS)(message));
    const url = `http://127.0.0.1:${await freePort()}${new URL(receiver.url).pathname}`;
    errors.push(await create(url)(message));
    errors.push(await create(`not an address${new URL(receiver.url).pathname}`)(message));
    for (const delivery of errors) {
      expect(delivery.kind).not.toBe("delivered");
      expect(JSON.stringify(delivery)).not.toContain(secret);
      expect(JSON.stringify(delivery)).not.toContain(name === "slack" ? secret : KEY);
    }
  });
});

test("trap 31: Slack's 200 with another body than ok is permanent", async () => {
  const receiver = await startSlackReceiver();
  receiver.script({ status: 200, body: "<html>sign in</html>" });
  const send = channels.slack.create(receiver.url);
  expect(await send(message)).toMatchObject({ kind: "permanent" });
  await receiver.close();
});

test("a secret that is not set yet is asked for again", async () => {
  const sends = [
    createSlack({ webhookUrl: () => "", publicUrl: undefined }),
    createPagerDuty({ routingKey: () => "", url: "http://127.0.0.1:1", publicUrl: undefined }),
    createWebhook({ url: () => "", secret: () => KEY, publicUrl: undefined }),
    createWebhook({ url: () => "http://127.0.0.1:1", secret: () => "", publicUrl: undefined }),
  ];
  for (const send of sends) {
    expect(await send(message)).toMatchObject({
      kind: "retry",
      error: expect.stringMatching(/is not set/) as unknown,
    });
  }
});

test("a secret that cannot be read now may be read later", async () => {
  const unreadable = (): string => {
    throw Object.assign(new Error("no such file, open '/run/secrets/x'"), { code: "ENOENT" });
  };
  const sends = [
    createSlack({ webhookUrl: unreadable, publicUrl: undefined }),
    createPagerDuty({ routingKey: unreadable, url: "http://127.0.0.1:1", publicUrl: undefined }),
  ];
  for (const send of sends) {
    expect(await send(message)).toMatchObject({
      kind: "retry",
      error: expect.stringMatching(/cannot be read: ENOENT/) as unknown,
    });
  }
});
