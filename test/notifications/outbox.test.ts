import { afterEach, describe, expect, test } from "vitest";
import type { LogRecord, RecordBody } from "../../src/log/record.ts";
import type { ChannelName } from "../../src/rules/policy.ts";
import type { Delivery, Send } from "../../src/notifications/channel.ts";
import type { Message } from "../../src/notifications/message.ts";
import { ofUnwritableLog, ofWritableLog } from "../../src/notifications/messages.ts";
import { startOutbox, type Outbox } from "../../src/notifications/outbox.ts";
import { eventually } from "../support/eventually.ts";
import { memoryLog, type MemoryLog } from "./memory-log.ts";
import { applied, decision, failed, started, trigger, verified } from "./story.ts";

const running: Outbox[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((outbox) => outbox.stop()));
});

interface Channel {
  readonly send: Send;
  readonly sent: Message[];
  readonly answers: (Delivery | Promise<Delivery>)[];
}

function channel(): Channel {
  const sent: Message[] = [];
  const answers: (Delivery | Promise<Delivery>)[] = [];
  return {
    sent,
    answers,
    send: async (message) => {
      const answer = (await answers.shift()) ?? { kind: "delivered" };
      if (answer.kind === "delivered") {
        sent.push(message);
      }
      return answer;
    },
  };
}

interface World {
  readonly log: MemoryLog;
  readonly slack: Channel;
  readonly pagerduty: Channel;
}

function world(records: readonly LogRecord[] = []): World {
  return { log: memoryLog(records), slack: channel(), pagerduty: channel() };
}

async function start(
  { log, slack, pagerduty }: World,
  channelsOf: (policy: string) => readonly ChannelName[] = () => ["slack", "pagerduty"],
): Promise<Outbox> {
  const outbox = await startOutbox({
    append: log.append,
    onAppended: log.onAppended,
    history: log.history(),
    channels: { slack: slack.send, pagerduty: pagerduty.send },
    channelsOf,
    backoff: { initialDelay: 1, maxDelay: 5 },
    paceOf: () => ({ burst: 1, everyMs: 0, atOnce: 4 }),
    now: () => Date.parse(log.records.at(-1)?.at ?? "2026-01-01T00:00:00.000Z"),
  });
  running.push(outbox);
  return outbox;
}

async function append(log: MemoryLog, bodies: readonly RecordBody[]): Promise<void> {
  for (const body of bodies) {
    await log.append(body);
  }
}

/** Until nothing is queued any more, and nothing more comes. */
async function settled({ log }: World): Promise<void> {
  await eventually(
    "everything queued is delivered or given up",
    async () => {
      const before = log.records.length;
      await new Promise((resolve) => setTimeout(resolve, 3));
      const queued = log.records.filter(({ type }) => type === "notification.queued").length;
      const ended = log.records.filter(({ type }) => /notification\.(delivered|failed)/.test(type)).length;
      expect(queued).toBe(ended);
      expect(log.records).toHaveLength(before);
    },
    { everyMs: 1 },
  );
}

function events(messages: readonly Message[]): string[] {
  return messages.map(({ event }) => event);
}

describe("one rollback", () => {
  test("is one page and one resolve on PagerDuty, and the whole story on Slack, in order", async () => {
    const all = world();
    await start(all);
    await append(all.log, [decision("d1"), applied("d1"), verified("d1")]);
    await settled(all);
    expect(events(all.pagerduty.sent)).toEqual(["trigger", "resolve"]);
    expect(new Set(all.pagerduty.sent.map(({ dedupKey }) => dedupKey)).size).toBe(1);
    expect(events(all.slack.sent)).toEqual(["trigger", "info", "resolve"]);
  });

  test("only the channels that the policy names are told", async () => {
    const all = world();
    await start(all, () => ["slack"]);
    await append(all.log, [decision("d1"), verified("d1")]);
    await settled(all);
    expect(events(all.slack.sent)).toEqual(["trigger", "resolve"]);
    expect(all.pagerduty.sent).toEqual([]);
  });

  test("trap 31: a channel that hangs delays neither the other nor the log", async () => {
    const all = world();
    let release: (delivery: Delivery) => void = () => undefined;
    all.slack.answers.push(new Promise((resolve) => (release = resolve)));
    await start(all);
    await append(all.log, [decision("d1"), applied("d1"), verified("d1")]);
    await eventually("PagerDuty has both", () =>
      expect(events(all.pagerduty.sent)).toEqual(["trigger", "resolve"]),
    );
    expect(all.slack.sent).toEqual([]);
    release({ kind: "delivered" });
    await settled(all);
    expect(events(all.slack.sent)).toEqual(["trigger", "info", "resolve"]);
  });

  test("trap 32: a resolve waits for its trigger, also when that needs several attempts", async () => {
    const all = world();
    all.pagerduty.answers.push({ kind: "retry", error: "503" }, { kind: "retry", error: "503" });
    await start(all);
    await append(all.log, [decision("d1"), verified("d1")]);
    await settled(all);
    expect(events(all.pagerduty.sent)).toEqual(["trigger", "resolve"]);
    const attempts = all.log.records.flatMap((record) =>
      record.type === "notification.delivered" && record.channel === "pagerduty" ? [record.attempts] : [],
    );
    expect(attempts).toEqual([3, 1]);
  });
});

describe("a channel that cannot be told", () => {
  test("trap 31: PagerDuty's failure is told on Slack, once, with what it should have said", async () => {
    const all = world();
    all.pagerduty.answers.push({ kind: "permanent", error: "PagerDuty answered 400" });
    await start(all);
    await append(all.log, [decision("d1")]);
    await settled(all);
    expect(all.slack.sent.map(({ title }) => title)).toEqual([
      "error-rate fires after revision 7: rolling back shop/api to revision 6",
      "PagerDuty could not be told: error-rate fires after revision 7: rolling back shop/api to revision 6",
    ]);
    expect(all.slack.sent[1]?.lines.join()).toContain("PagerDuty answered 400");
  });

  test("trap 31: Slack's failure is an incident of its own, over with the next message that arrives", async () => {
    const all = world();
    all.slack.answers.push({ kind: "permanent", error: 'Slack answered 200, but not "ok"' });
    await start(all);
    await append(all.log, [decision("d1")]);
    await settled(all);
    expect(all.pagerduty.sent.map(({ event, dedupKey }) => `${event} ${dedupKey}`)).toEqual([
      "trigger rollbackd/shop/api/shop/api@7",
      "trigger rollbackd/notifications/slack",
    ]);
    await append(all.log, [verified("d1")]);
    await settled(all);
    expect(
      all.pagerduty.sent
        .slice(2)
        .map(({ event, dedupKey }) => `${event} ${dedupKey}`)
        .sort(),
    ).toEqual(["resolve rollbackd/notifications/slack", "resolve rollbackd/shop/api/shop/api@7"]);
  });

  test("when both fail, that is the end of it", async () => {
    const all = world();
    all.slack.answers.push(...Array.from({ length: 9 }, () => ({ kind: "permanent", error: "no" }) as const));
    all.pagerduty.answers.push(
      ...Array.from({ length: 9 }, () => ({ kind: "permanent", error: "no" }) as const),
    );
    await start(all);
    await append(all.log, [decision("d1")]);
    await settled(all);
    expect(all.log.records.filter(({ type }) => type === "notification.failed")).toHaveLength(4);
  });
});

describe("a log that takes nothing", () => {
  test("what is durable is told even though the queueing cannot be written", async () => {
    const all = world();
    const full: MemoryLog = {
      ...all.log,
      append: (body, at) =>
        body.type.startsWith("notification.")
          ? Promise.reject(new Error("ENOSPC"))
          : all.log.append(body, at),
    };
    await start({ ...all, log: full });
    await append(all.log, [decision("d1")]);
    await eventually("both are told", () => {
      expect(events(all.slack.sent)).toEqual(["trigger"]);
      expect(events(all.pagerduty.sent)).toEqual(["trigger"]);
    });
  });

  test("trap 36: what cannot be written at all is announced past the log", async () => {
    const all = world();
    const outbox = await start(all);
    outbox.announce(ofUnwritableLog("no space left", 0));
    outbox.announce(ofWritableLog(1));
    await eventually("both are told", () => {
      expect(events(all.pagerduty.sent)).toEqual(["trigger", "resolve"]);
      expect(new Set(all.pagerduty.sent.map(({ dedupKey }) => dedupKey))).toEqual(new Set(["rollbackd/log"]));
      expect(events(all.slack.sent)).toEqual(["trigger", "resolve"]);
    });
    expect(all.log.records).toEqual([]);
  });
});

describe("a crash", () => {
  const causes = [
    trigger("firing"),
    decision("d1"),
    started("d1"),
    applied("d1"),
    trigger("resolved"),
    verified("d1"),
    { type: "evaluation.blind", policy: "api", since: "2026-01-01T00:00:00.000Z", reason: "refused" },
    trigger("firing"),
    decision("d2", { decision: "escalate", reason: "cooldown" }),
    { type: "evaluation.sighted", policy: "api", blindMs: 1000 },
    decision("d3"),
    started("d3"),
    failed("d3"),
    trigger("resolved"),
  ] as const satisfies readonly RecordBody[];

  const isCause = ({ type }: RecordBody) => !type.startsWith("notification.");

  /** What people saw, without the instants and hashes that another run has its own of. */
  function texts({ slack, pagerduty }: World, only: (message: Message) => boolean = () => true): string[] {
    const of = (channel: ChannelName, sent: readonly Message[]) =>
      sent.filter(only).map(({ event, dedupKey, title }) => [channel, event, dedupKey, title].join(" | "));
    return [...of("slack", slack.sent), ...of("pagerduty", pagerduty.sent)];
  }

  /** Of a finished run: what was delivered in its first `length` records. */
  function deliveredWithin(whole: World, length: number): string[] {
    const prefix = whole.log.records.slice(0, length);
    const queuedAs = new Map(
      prefix.flatMap((record) =>
        record.type === "notification.queued" ? [[record.notificationId, record] as const] : [],
      ),
    );
    return prefix.flatMap((record) => {
      if (record.type !== "notification.delivered") {
        return [];
      }
      const { cause, dedupKey: key } = queuedAs.get(record.notificationId) ?? {};
      return texts(
        whole,
        ({ logHead, dedupKey }) => dedupKey === key && logHead?.endsWith(`@${cause}`) === true,
      ).filter((text) => text.startsWith(record.channel));
    });
  }

  function queued(log: MemoryLog): string[] {
    return log.records.flatMap((record) =>
      record.type === "notification.queued" ? [record.notificationId] : [],
    );
  }

  async function uninterrupted(failing: boolean): Promise<World> {
    const all = world();
    if (failing) {
      all.slack.answers.push({ kind: "delivered" }, { kind: "permanent", error: "no" });
      all.pagerduty.answers.push({ kind: "retry", error: "no" }, { kind: "permanent", error: "no" });
    }
    const outbox = await start(all);
    for (const body of causes) {
      await all.log.append(body);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await settled(all);
    await outbox.stop();
    return all;
  }

  test("trap 32: at any point between any two records loses no message and makes none twice", async () => {
    const whole = await uninterrupted(false);
    expect(texts(whole).length).toBeGreaterThan(12);
    for (let length = 0; length <= whole.log.records.length; length += 1) {
      const after = world(whole.log.records.slice(0, length));
      const outbox = await start(after);
      await append(after.log, causes.slice(after.log.records.slice(0, length).filter(isCause).length));
      await settled(after);
      await outbox.stop();
      const keys = queued(after.log);
      expect(new Set(keys).size, `cut at ${length}`).toBe(keys.length);
      const seen = [...deliveredWithin(whole, length), ...texts(after)];
      expect(seen.sort(), `cut at ${length}`).toEqual(texts(whole).sort());
    }
  });

  test("trap 32: with failures and fallbacks in it, nothing is queued twice", async () => {
    const whole = await uninterrupted(true);
    expect(whole.log.records.some(({ type }) => type === "notification.failed")).toBe(true);
    for (let length = 0; length <= whole.log.records.length; length += 3) {
      const after = world(whole.log.records.slice(0, length));
      const outbox = await start(after);
      await settled(after);
      await outbox.stop();
      const keys = queued(after.log);
      expect(new Set(keys).size, `cut at ${length}`).toBe(keys.length);
    }
  });

  test("a channel that a policy names only now is not paged about the past", async () => {
    const before = world();
    const first = await start(before, () => ["slack"]);
    await append(before.log, [decision("d1"), verified("d1")]);
    await settled(before);
    await first.stop();
    const after = world(before.log.records);
    await start(after, () => ["slack", "pagerduty"]);
    await settled(after);
    expect(after.slack.sent).toEqual([]);
    expect(events(after.pagerduty.sent)).not.toContain("trigger");
  });
});
