import { describe, expect, test } from "vitest";
import { chart, range } from "../../src/notifications/chart.ts";
import type { Message } from "../../src/notifications/message.ts";
import { pagerDutyEvent } from "../../src/notifications/pagerduty-event.ts";
import { slackBody } from "../../src/notifications/slack-body.ts";
import { webhookBody } from "../../src/notifications/webhook-body.ts";
import { evidence } from "./story.ts";

const message: Message = {
  event: "trigger",
  dedupKey: "rollbackd/shop/api/7",
  severity: "error",
  title: "Rolling back shop/api: error-rate fires",
  lines: ["error-rate 0.112 > 5% for 1m & more", "From 7 to 6.", "Next: verification."],
  evidence: [evidence],
  at: "2026-01-01T00:00:00.000Z",
  policy: "api",
  target: "shop/api",
  release: "shop/api@7",
  decisionId: "d-1",
  logHead: `${"a".repeat(64)}@12`,
};

const huge: Message = {
  ...message,
  title: "<".repeat(5000),
  lines: Array.from({ length: 300 }, () => "&".repeat(20_000)),
  evidence: Array.from({ length: 300 }, () => ({
    ...evidence,
    trigger: "<🚑".repeat(4000),
    samples: Array.from({ length: 3000 }, (_, index) => ({ at: index, value: index })),
  })),
};

function texts(body: ReturnType<typeof slackBody>): { type: string; text: string }[] {
  const found: { type: string; text: string }[] = [];
  JSON.stringify(body.blocks, (_, value: unknown) => {
    if (typeof value === "object" && value !== null && "text" in value && typeof value.text === "string") {
      found.push(value as { type: string; text: string });
    }
    return value;
  });
  return found;
}

test("a window is drawn with a gap where nothing was known", () => {
  expect(chart(evidence)).toBe("▁▅·██");
  expect(range(evidence.samples)).toBe("lowest 0.001, highest 0.112, newest 0.112, 4 of 5 slots known");
  expect(chart({ samples: [{ at: 0, unknown: "no-data" }] })).toBe("·");
  expect(chart({ samples: [{ at: 0, value: 0 }] })).toBe("▁");
  expect(chart({ samples: [] })).toBe("");
  // Five milliseconds against a limit of two seconds are next to nothing.
  expect(chart({ samples: [{ at: 0, value: 0.005 }], limit: 2 })).toBe("▁");
  expect(
    chart({
      samples: [
        { at: 0, value: 4 },
        { at: 1, value: 1 },
      ],
      limit: 2,
    }),
  ).toBe("█▃");
});

test("a long window keeps its peaks when it is shortened", () => {
  const samples = Array.from({ length: 1000 }, (_, index) => ({ at: index, value: index === 500 ? 9 : 0 }));
  expect(chart({ samples }).length).toBeLessThanOrEqual(60);
  expect([...chart({ samples })].filter((bar) => bar === "█")).toHaveLength(1);
});

test("Slack gets what fired, what was done, the chart, what happens next, and the link", () => {
  const body = slackBody(message, "https://rollbackd.example");
  const all = texts(body)
    .map(({ text }) => text)
    .join("\n");
  expect(body.text).toContain("Rolling back shop/api");
  expect(all).toContain("5% for 1m &amp; more");
  expect(all).toContain("`▁▅·██`");
  expect(all).toContain("threshold 5%");
  expect(all).toContain("<https://rollbackd.example/api/v1/decisions/d-1/report|decision d-1>");
  expect(all).toContain(message.logHead);
});

describe("a command", () => {
  const asking = {
    ...message,
    lines: ["Until ten: rollbackd approve d-1 or rollbackd reject d-1", "See rollbackd check FILE"],
  };
  const bodies = (publicUrl: string) =>
    [slackBody, pagerDutyEvent, webhookBody].map((body) => JSON.stringify(body(asking, publicUrl)));

  test("can be copied on any machine, on every channel", () => {
    for (const body of bodies("https://rb.example")) {
      expect(body).toContain(
        "rollbackd approve --server https://rb.example d-1 or rollbackd reject --server https://rb.example d-1",
      );
      // It asks nobody.
      expect(body).toContain("rollbackd check FILE");
    }
  });

  test.each(["http://127.0.0.1:9480", "http://0.0.0.0:9480", "http://localhost:9480", "http://[::1]:9480"])(
    "stays short where %s would be another machine for each reader",
    (url) => {
      for (const body of bodies(url)) expect(body).toContain("rollbackd approve d-1");
    },
  );
});

test("without a public address the command is named instead of a link", () => {
  const all = JSON.stringify(slackBody(message, undefined));
  expect(all).toContain("rollbackd log show d-1");
  expect(all).not.toContain("undefined");
});

test("trap 33: Slack's limits hold for any message, and no escape is cut in half", () => {
  const body = slackBody(huge, "https://rollbackd.example");
  expect(body.blocks?.length).toBeLessThanOrEqual(50);
  for (const { type, text } of texts(body)) {
    expect(text.length).toBeLessThanOrEqual(type === "plain_text" ? 150 : 3000);
  }
  const escaped = texts(body).filter(({ type }) => type === "mrkdwn");
  expect(escaped.map(({ text }) => text.replaceAll(/&(amp|lt|gt);/g, "")).join("")).not.toMatch(/&/);
});

test("nobody outside can mention a channel or forge a link", () => {
  const body = slackBody({ ...message, lines: ["<!channel> <https://evil|click>"] }, undefined);
  expect(JSON.stringify(body)).not.toContain("<!channel>");
  expect(JSON.stringify(body)).not.toContain("<https://evil");
});

test("trap 33: PagerDuty's limits hold for any message", () => {
  const event = pagerDutyEvent(huge, "https://rollbackd.example");
  expect(event.payload.summary).toHaveLength(1024);
  expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(512 * 1024);
  expect(event.links?.[0]?.href).toBe("https://rollbackd.example/api/v1/decisions/d-1/report");
});

test("PagerDuty gets source, numbers, release and the head of the log", () => {
  expect(pagerDutyEvent(message, undefined)).toMatchObject({
    event_action: "trigger",
    dedup_key: "rollbackd/shop/api/7",
    payload: {
      source: "shop/api",
      group: "shop",
      class: "error-rate",
      severity: "error",
      timestamp: "2026-01-01T00:00:00.000Z",
      custom_details: { release: "shop/api@7", decision: "d-1", logHead: message.logHead },
    },
  });
  expect(pagerDutyEvent({ ...message, event: "resolve" }, undefined).event_action).toBe("resolve");
});
