import { describe, expect, test } from "vitest";
import type { LogRecord, NotificationRecord, RecordBody } from "../../src/log/record.ts";
import { createLedger, type Ledger, type Notification } from "../../src/notifications/ledger.ts";
import type { ChannelName } from "../../src/rules/policy.ts";
import { recordsOf } from "./memory-log.ts";
import { applied, decision, trigger, verified } from "./story.ts";

type Wishes = Readonly<Record<string, readonly ChannelName[]>>;

function ledger(wishes: Wishes): Ledger {
  return createLedger(["slack", "pagerduty"], (policy) => wishes[policy] ?? []);
}

const said = ({ channel, message }: Notification): string =>
  `${channel} ${message.event} ${message.dedupKey.replace("rollbackd/", "")}`;

/** What is told by the records, one after the other. */
function told(by: Ledger, records: readonly LogRecord[]): readonly string[] {
  return records.flatMap((record) => {
    by.apply(record);
    return by.takeOwed().map(said);
  });
}

const mass = (policy: string): RecordBody =>
  decision(`d-${policy}`, {
    decision: "escalate",
    reason: "mass-breach",
    policy,
    target: `shop/${policy}`,
    release: `shop/${policy}@1`,
  });

const NAMES = ["a", "b", "c"];
const MASS = recordsOf([
  ...NAMES.map((name) => trigger("firing", "error-rate", name)),
  ...NAMES.map(mass),
  ...NAMES.map((name) => trigger("resolved", "error-rate", name)),
]);

describe("a mass breach", () => {
  test("trap 30: is one page a channel, resolved when the last of its targets is quiet", () => {
    const all = ledger({ a: ["slack", "pagerduty"], b: ["slack", "pagerduty"], c: ["slack", "pagerduty"] });
    expect(told(all, MASS.slice(0, -1))).toEqual([
      "slack trigger mass-breach",
      "pagerduty trigger mass-breach",
    ]);
    expect(told(all, MASS.slice(-1))).toEqual(["slack resolve mass-breach", "pagerduty resolve mass-breach"]);
  });

  test("trap 30: reaches every channel that one of its policies names, and ends where it was told", () => {
    expect(told(ledger({ a: [], b: ["pagerduty"], c: ["slack"] }), MASS)).toEqual([
      "pagerduty trigger mass-breach",
      "slack trigger mass-breach",
      "slack resolve mass-breach",
      "pagerduty resolve mass-breach",
    ]);
  });

  test("trap 30: another one after it is another page", () => {
    const again = recordsOf([...MASS, ...MASS]);
    const each = ["pagerduty trigger mass-breach", "pagerduty resolve mass-breach"];
    expect(told(ledger({ a: ["pagerduty"], b: ["pagerduty"], c: ["pagerduty"] }), again)).toEqual([
      ...each,
      ...each,
    ]);
  });
});

const ALL = ["slack", "pagerduty", "statuspage", "webhook"] as const;

/** What `channel` is told by a log in which it is told all that it wants, and everything it is told fails for good. */
function toldAfterFailure(channel: ChannelName, bodies: readonly RecordBody[]): readonly string[] {
  const one = createLedger(ALL, () => ALL);
  const records: LogRecord[] = [];
  const add = (...more: readonly RecordBody[]): readonly Notification[] => {
    const all = recordsOf([...records, ...more]);
    const fresh = all.slice(records.length);
    records.push(...fresh);
    fresh.forEach(one.apply);
    return one.takeOwed();
  };
  return add(...bodies).flatMap(({ id, channel: to, message, cause }) => {
    if (to !== channel) return [];
    const { event, dedupKey, policy = "api" } = message;
    const about = { policy, notificationId: id, channel };
    add({ type: "notification.queued", ...about, event, dedupKey, cause });
    return add({ type: "notification.failed", ...about, attempts: 3, error: "answered 401" }).map(said);
  });
}

describe("a status page that could not be told", () => {
  const about = { policy: "api", channel: "statuspage", dedupKey: "k", event: "info", cause: 1 } as const;
  const once = (id: string, end: object): readonly RecordBody[] => [
    { type: "notification.queued", ...about, notificationId: id },
    { policy: "api", channel: "statuspage", notificationId: id, attempts: 1, ...end } as RecordBody,
  ];

  test.each([
    ["is not told again by a step that found nothing to do there", undefined, []],
    ["is told again once it took something", "inc1", ["slack resolve notifications/statuspage"]],
  ] as const)("%s", (_, reference, expected) => {
    const all = createLedger(["slack", "statuspage"], () => ["slack", "statuspage"]);
    const found = reference === undefined ? {} : { reference };
    const records = recordsOf([
      decision("d1"),
      ...once("1-statuspage", { type: "notification.failed", error: "answered 422" }),
      ...once("2-statuspage", { type: "notification.delivered", ...found }),
    ]);
    told(all, records.slice(0, 3));
    expect(told(all, records.slice(3))).toEqual(expected);
  });
});

describe("a channel that fails for good", () => {
  test.each(["slack", "webhook", "statuspage"] as const)(
    "trap 31: %s is told of by the others of the team, as an incident of its own, and never to the users",
    (channel) => {
      const others = (["slack", "pagerduty", "webhook"] as const).filter((other) => other !== channel);
      expect(toldAfterFailure(channel, [decision("d1")])).toEqual(
        others.map((other) => `${other} trigger notifications/${channel}`),
      );
    },
  );

  test("trap 31: a page that PagerDuty did not take stays what it is, for Slack and the webhook", () => {
    expect(toldAfterFailure("pagerduty", [decision("d1")])).toEqual([
      "slack trigger shop/api/shop/api@7",
      "webhook trigger shop/api/shop/api@7",
    ]);
  });
});

test("users hear nothing of the end of what they were never told of", () => {
  const one = createLedger(ALL, () => ["statuspage"]);
  const story = [
    trigger("firing"),
    decision("d1", { decision: "escalate", reason: "cooldown" }),
    trigger("resolved"),
  ];
  expect(told(one, recordsOf(story))).toEqual([]);
  const rolledBack = [trigger("firing"), decision("d1"), applied("d1"), verified("d1")];
  expect(
    told(
      createLedger(ALL, () => ["statuspage"]),
      recordsOf(rolledBack),
    ),
  ).toEqual([
    "statuspage trigger shop/api/shop/api@7",
    "statuspage info shop/api/shop/api@7",
    "statuspage resolve shop/api/shop/api@7",
  ]);
});

test("trap 32: who was paged is told of the end also when the rules no longer name the channel", () => {
  const wishes: Record<string, readonly ChannelName[]> = { api: ["pagerduty"] };
  const one = ledger(wishes);
  const [firing, escalated, resolved] = recordsOf([
    trigger("firing"),
    decision("d1", { decision: "escalate", reason: "cooldown" }),
    trigger("resolved"),
  ]) as [LogRecord, LogRecord, LogRecord];
  expect(told(one, [firing, escalated])).toEqual(["pagerduty trigger shop/api/shop/api@7"]);
  wishes.api = [];
  expect(told(one, [resolved])).toEqual(["pagerduty resolve shop/api/shop/api@7"]);
});

test("trap 32: after a restart the log still says who was paged", () => {
  const bodies: RecordBody[] = [
    trigger("firing"),
    decision("d1", { decision: "escalate", reason: "cooldown" }),
  ];
  const queued: NotificationRecord = {
    type: "notification.queued",
    notificationId: "2-pagerduty",
    channel: "pagerduty",
    event: "trigger",
    dedupKey: "rollbackd/shop/api/shop/api@7",
    cause: 2,
  };
  const records = recordsOf([...bodies, queued, trigger("resolved")]);
  const restarted = ledger({});
  records.slice(0, -1).forEach(restarted.apply);
  expect(restarted.takeOwed()).toEqual([]);
  expect(told(restarted, records.slice(-1))).toEqual(["pagerduty resolve shop/api/shop/api@7"]);
});

describe("a trigger that says nothing", () => {
  const noData: RecordBody = {
    type: "evaluation.no-data",
    policy: "a",
    release: "shop/a@1",
    trigger: "p95",
    since: "2026-01-01T00:00:00.000Z",
    reason: "p95: no-data",
  };
  const rejected: RecordBody = { ...trigger("unknown", "p95", "a"), unknown: "query-rejected" } as RecordBody;
  const known = trigger("pending", "p95", "a");
  const loaded = (hash: string): RecordBody => ({
    type: "rules.loaded",
    policies: [{ policy: "a", hash, triggers: { p95: hash } }],
  });

  test.each([
    ["no data", noData, "no-data/a/p95"],
    ["a rejected query", rejected, "query-rejected/a/p95"],
  ])("(%s) is good to know, and an incident only where nobody reads anything else", (_, record, key) => {
    const records = recordsOf([record, known]);
    expect(told(ledger({ a: ["slack", "pagerduty"] }), records)).toEqual([`slack info ${key}`]);
    expect(told(ledger({ a: ["slack"] }), records)).toEqual([`slack info ${key}`]);
    expect(told(ledger({ a: ["pagerduty"] }), records)).toEqual([
      `pagerduty trigger ${key}`,
      `pagerduty resolve ${key}`,
    ]);
    expect(told(ledger({ a: [] }), records)).toEqual([]);
  });

  test("reaches PagerDuty also where another channel is named that is not set up", () => {
    const all = createLedger(["pagerduty"], () => ["slack", "pagerduty"]);
    expect(told(all, recordsOf([noData]))).toEqual(["pagerduty trigger no-data/a/p95"]);
  });

  test.each([
    ["changed", loaded("h2")],
    ["taken out", { type: "rules.loaded" as const, policies: [] }],
  ])("ends when its rule is %s, not when the same rules are loaded again", (_, change) => {
    const all = ledger({ a: ["pagerduty"] });
    const records = recordsOf([loaded("h1"), rejected, loaded("h1"), change]);
    expect(told(all, records.slice(0, 3))).toEqual(["pagerduty trigger query-rejected/a/p95"]);
    expect(told(all, records.slice(3))).toEqual(["pagerduty resolve query-rejected/a/p95"]);
  });

  test("that Slack could not be told of is told by the others as a failure of Slack", () => {
    const all = ledger({ a: ["slack", "pagerduty"] });
    const [cause, queued, failed] = recordsOf([
      noData,
      {
        type: "notification.queued",
        policy: "a",
        notificationId: "1-slack",
        channel: "slack",
        event: "info",
        dedupKey: "rollbackd/no-data/a/p95",
        cause: 1,
      },
      {
        type: "notification.failed",
        policy: "a",
        notificationId: "1-slack",
        channel: "slack",
        attempts: 1,
        error: "gone",
      },
    ]);
    expect(
      told(
        all,
        [cause, queued, failed].filter((record) => record !== undefined),
      ),
    ).toEqual(["slack info no-data/a/p95", "pagerduty trigger notifications/slack"]);
  });
});
