import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chart, range } from "../../src/notifications/chart.ts";
import type { Message } from "../../src/notifications/message.ts";
import { pagerDutyEvent } from "../../src/notifications/pagerduty-event.ts";
import { slackBody } from "../../src/notifications/slack-body.ts";
import { webhookBody } from "../../src/notifications/webhook-body.ts";
import { hostileText, RAW_CONTROL } from "../support/hostile.ts";
import { evidence } from "./story.ts";

const message: Message = {
  event: "trigger",
  dedupKey: "rollbackd/shop/api/7",
  severity: "error",
  title: "Rolling back shop/api: error-rate fires",
  lines: ["error-rate is 11.2 %, above 5 % for 1 min & more", "From 7 to 6.", "Next: verification."],
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

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

test("a window is drawn with a gap where nothing was known", () => {
  expect(chart(evidence)).toBe("▁▅·██");
  expect(range(evidence)).toBe("0.1 % to 11.2 %, newest 11.2 %, 4 of 5 slots known");
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
  expect(all).toContain("above 5 % for 1 min & more");
  expect(all).toContain("`▁▅·██`");
  expect(all).toContain("error-rate (fires above 5 % for 1 min): 0.1 % to 11.2 %");
  expect(all).toContain("<https://rollbackd.example/api/v1/decisions/d-1/report|decision d-1>");
  expect(all).toContain("log aaaaaaaaaaaaaaaa@12");
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
  for (const { text } of texts(body)) expect(text.length).toBeLessThanOrEqual(3000);
  expect(body.blocks?.[0]).toMatchObject({
    type: "header",
    text: { text: expect.stringMatching(/^.{1,150}$/u) },
  });
  const escaped = texts(body).filter(({ type }) => type === "mrkdwn");
  expect(escaped.map(({ text }) => text.replaceAll(/&(amp|lt|gt);/g, "")).join("")).not.toMatch(/&/);
});

describe("text from outside", () => {
  const inSlack = (text: string) => {
    const body = slackBody(
      { ...message, title: text, lines: [text], policy: text, decisionId: text },
      undefined,
    );
    const marked = texts(body).filter(({ type }) => type === "mrkdwn");
    return [body.text ?? "", ...marked.map(({ text: of }) => of)].join("\n");
  };

  test("is plain text in Slack, where nothing of it is markup, a link, a mention or an emoji", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const own = /`rollbackd log show [^`]*`|`[▁▂▃▄▅▆▇█·]+`|(?<=log a{16})@(?=12)/gu;
        const shown = inSlack(text).replaceAll(own, (code) => code.replaceAll(/^[`@]|`$/gu, ""));
        expect(shown.replaceAll(/&(amp|lt|gt);/gu, "")).not.toMatch(/[<>&*~`@]|:\/\/|:[a-z_]+:|mailto:/u);
        expect(shown).not.toMatch(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/u);
      }),
    );
  });

  test("has no hidden character on any channel", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const hostile: Message = {
          ...message,
          title: text,
          lines: [text],
          evidence: [{ ...evidence, trigger: text, summary: text, threshold: text }],
          policy: text,
          target: text,
          release: text,
          runbook: text,
        };
        for (const body of [slackBody, pagerDutyEvent, webhookBody]) {
          expect(
            textsIn(body(hostile, "https://rb.example")).filter((each) => RAW_CONTROL.test(each)),
          ).toEqual([]);
        }
      }),
    );
  });

  test("is asked of Slack to be left as it is", () => {
    expect(slackBody(message, undefined)).toMatchObject({
      parse: "none",
      link_names: false,
      unfurl_links: false,
    });
    for (const each of texts(slackBody(message, undefined))) {
      expect(each).toMatchObject(each.type === "mrkdwn" ? { verbatim: true } : { emoji: false });
    }
  });

  test("is a link only where it is an address, and cannot end the link", () => {
    const linked = slackBody({ ...message, runbook: "https://wiki.example/a|b>c<!channel> d" }, undefined);
    expect(JSON.stringify(linked)).toContain("<https://wiki.example/a%7Cb%3Ec%3C!channel%3E%20d|runbook>");
    expect(
      JSON.stringify(slackBody({ ...message, runbook: "javascript:alert(1)" }, undefined)),
    ).not.toContain("<");
  });
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
      custom_details: { release: "shop/api@7", decision: "d-1", logHead: "aaaaaaaaaaaaaaaa@12" },
    },
  });
  expect(pagerDutyEvent({ ...message, event: "resolve" }, undefined).event_action).toBe("resolve");
});
