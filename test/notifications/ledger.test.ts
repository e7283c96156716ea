import { describe, expect, test } from "vitest";
import type { LogRecord, NotificationRecord, RecordBody } from "../../src/log/record.ts";
import { createLedger, type Ledger, type Notification } from "../../src/notifications/ledger.ts";
import type { ChannelName } from "../../src/rules/policy.ts";
import { recordsOf } from "./memory-log.ts";
import { decision, trigger } from "./story.ts";

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
