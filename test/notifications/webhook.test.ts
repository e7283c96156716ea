import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Send } from "../../src/notifications/channel.ts";
import type { Message } from "../../src/notifications/message.ts";
import { createWebhook } from "../../src/notifications/webhook.ts";
import { webhookBody } from "../../src/notifications/webhook-body.ts";
import { type Receiver, startWebhookReceiver } from "../support/receivers.ts";
import { evidence } from "./story.ts";

const GUIDE = join(import.meta.dirname, "../../docs/webhook.md");
const SECRET = "a long random text";
const message: Message = {
  event: "trigger",
  dedupKey: "rollbackd/shop/api/7",
  severity: "error",
  title: "Rolling back shop/api: é",
  lines: ["error-rate 0.112 > 5%", "", "Next: verification."],
  evidence: [evidence],
  at: "2026-01-01T00:00:00.000Z",
  policy: "api",
  decisionId: "d 1",
  logHead: `${"a".repeat(64)}@12`,
};

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startWebhookReceiver();
  onTestFinished(receiver.close);
});

function webhook(now = Date.now): Send {
  const { url } = receiver;
  return createWebhook({ url: () => url, secret: () => SECRET, publicUrl: "https://rb.example", now });
}

/** The verdict of the guide's own code on a request. */
function verdict(headers: Record<string, unknown>, body: string, secret = SECRET): string {
  const [, code = ""] = /```python\n([^]*?)```/u.exec(readFileSync(GUIDE, "utf8")) ?? [];
  const check =
    "import json, sys\nsecret, headers, body = json.load(sys.stdin)\n" +
    "print(verify(secret.encode(), {k.title(): v for k, v in headers.items()}, body.encode()))";
  const { stdout, stderr } = spawnSync("python3", ["-c", `${code}\n${check}`], {
    input: JSON.stringify([secret, headers, body]),
    encoding: "utf8",
  });
  return stdout.trim() || stderr;
}

const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe.skipIf(!hasPython)("a receiver that verifies as the guide says (needs python3)", () => {
  test("believes what was sent, and nothing that was changed, is old or has another secret", async () => {
    expect(await webhook()(message)).toEqual({ kind: "delivered" });
    const { headers, text } = receiver.received[0] ?? { headers: {}, text: "" };
    expect(verdict(headers, text)).toBe("True");
    expect(verdict(headers, text.replace("5%", "50%"))).toBe("False");
    expect(verdict(headers, text, "another")).toBe("False");
    expect(verdict({ ...headers, "rollbackd-timestamp": "1" }, text)).toBe("False");
    expect(verdict({}, text)).toBe("False");
    await webhook(() => Date.now() - 400_000)(message);
    const old = receiver.received[1];
    expect(verdict(old?.headers ?? {}, old?.text ?? "")).toBe("False");
  });

  test("that ten lines are enough", () => {
    const [, code = ""] = /```python\n([^]*?)```/u.exec(readFileSync(GUIDE, "utf8")) ?? [];
    expect(code.trim().split("\n").length).toBeLessThanOrEqual(10);
  });
});

test("the body has the fields that the guide promises, and no others", async () => {
  const guide = readFileSync(GUIDE, "utf8");
  const [, table = ""] = /The body, version 1[^]*?\n\n([^]*?)\n\n/u.exec(guide) ?? [];
  const promised = [...table.matchAll(/^\| `(\w+)`/gmu)].map(([, name]) => name);
  const body = webhookBody(message, "https://rb.example");
  expect(Object.keys(body)).toEqual(promised);
  expect(body).toMatchObject({
    version: 1,
    event: "trigger",
    incident: "rollbackd/shop/api/7",
    lines: ["error-rate 0.112 > 5%", "Next: verification."],
    target: null,
    decision: "d 1",
    url: "https://rb.example/api/v1/decisions/d%201/report",
    evidence: [{ trigger: "error-rate", threshold: "above 5 %", summary: evidence.summary }],
  });
});

test("trap 32: each attempt at one message has the same key and a signature of its own; another message has another key", async () => {
  receiver.script({ status: 503 });
  await webhook(() => 1_700_000_000_000)(message);
  await webhook(() => 1_700_000_060_000)(message);
  await webhook()({ ...message, event: "resolve" });
  const [first, second, other] = receiver.received.map(({ headers }) => headers);
  expect(second?.["idempotency-key"]).toBe(first?.["idempotency-key"]);
  expect(second?.["rollbackd-signature"]).not.toBe(first?.["rollbackd-signature"]);
  expect(other?.["idempotency-key"]).not.toBe(first?.["idempotency-key"]);
  expect(receiver.received[1]?.body).toMatchObject({ id: first?.["idempotency-key"] });
});

test("trap 33: the body stays small, whatever it says", () => {
  const huge: Message = {
    ...message,
    title: "t".repeat(5000),
    lines: Array.from({ length: 300 }, () => "l".repeat(20_000)),
    evidence: Array.from({ length: 300 }, () => ({ ...evidence, summary: "s".repeat(20_000) })),
  };
  expect(JSON.stringify(webhookBody(huge, undefined)).length).toBeLessThan(512 * 1024);
});
