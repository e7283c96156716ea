import type { Append, LogRecord, NotificationRecord } from "../log/record.ts";
import type { ChannelName } from "../rules/policy.ts";
import { addressed } from "./audience.ts";
import type { Send } from "./channel.ts";
import { createCourier, type Outcome } from "./courier.ts";
import { createLanes, type Lanes } from "./lanes.ts";
import { createLedger, type Ledger, type Notification } from "./ledger.ts";
import type { Message } from "./message.ts";
import { type Pace, PACES } from "./pace.ts";
import { pause } from "../retry/pause.ts";
import type { Backoff } from "../retry/repeat.ts";

const DAY_MS = 24 * 3600 * 1000;
const BACKOFF: Backoff = { initialDelay: 1000, maxDelay: 60_000 };
const LOG_RETRY_MS = 5000;

export interface OutboxOptions {
  readonly append: Append;
  /** Calls back with each record that is appended from now on. */
  readonly onAppended: (listener: (record: LogRecord) => void) => () => void;
  /** The log so far, from its first record. Read once; what is appended meanwhile may be in it or not. */
  readonly history: AsyncIterable<LogRecord>;
  /** The channels that are set up. */
  readonly channels: Readonly<Partial<Record<ChannelName, Send>>>;
  /** The channels that a policy wants, by the rules in force; none for a policy that is not known. */
  readonly channelsOf: (policy: string) => readonly ChannelName[];
  /** How long after it was queued a message is tried; default 24 hours. */
  readonly deadlineMs?: number;
  readonly backoff?: Backoff;
  /** How much a channel may be told; default what its receiver documents. */
  readonly paceOf?: (channel: ChannelName) => Pace;
  readonly now?: () => number;
}

export interface Outbox {
  /** Tells past the log, for what cannot be written to it. Not repeated after a crash. */
  readonly announce: (message: Message) => void;
  /** Lets attempts under way end and leaves the rest to the next start. */
  readonly stop: () => Promise<void>;
}

/**
 * Tells people what the log says, beside everything else: it reads what is appended, queues messages in the log and
 * delivers them. Nothing waits for it. What a crash left unqueued or undelivered goes out first.
 * Rejects when the history cannot be read.
 */
export async function startOutbox(options: OutboxOptions): Promise<Outbox> {
  const { deadlineMs = DAY_MS, now = Date.now, backoff = BACKOFF, paceOf = defaultPace } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const channels = Object.keys(options.channels) as ChannelName[];
  const couriers = Object.fromEntries(
    channels.flatMap((name) => {
      const send = options.channels[name];
      return send === undefined
        ? []
        : [[name, createCourier(send, { now, backoff, pace: paceOf(name), signal })]];
    }),
  );
  const lanes = createLanes(couriers);
  const ledger = createLedger(channels, options.channelsOf);
  const parts: Parts = { append: options.append, lanes, ledger, signal, deadlineAt: (at) => at + deadlineMs };

  let work: Promise<void> = Promise.resolve();
  const early: LogRecord[] = [];
  let hear = (record: LogRecord): void => void early.push(record);
  const unsubscribe = options.onAppended((record) => hear(record));
  const lastSeq = await replay(options.history, ledger);

  ledger.undelivered().forEach((notification) => void send(notification, parts));
  // What has been owed for longer than a message lives is of no use to anybody.
  work = queueOwed(parts, now() - deadlineMs);
  hear = (record) => {
    work = work.then(() => tell(record, parts));
  };
  early.filter(({ seq }) => seq > lastSeq).forEach((record) => hear(record));

  return {
    announce: (message) =>
      addressed(message)
        .filter(({ channel }) => channels.includes(channel))
        .forEach((to) => void lanes.deliver(to, parts.deadlineAt(now()))),
    stop: async () => {
      stopping.abort();
      unsubscribe();
      await work;
      await lanes.idle();
    },
  };
}

const defaultPace = (channel: ChannelName): Pace => PACES[channel];

interface Parts {
  readonly append: Append;
  readonly lanes: Lanes;
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
  readonly deadlineAt: (at: number) => number;
}

async function replay(history: AsyncIterable<LogRecord>, ledger: Ledger): Promise<number> {
  let lastSeq = 0;
  for await (const record of history) {
    ledger.apply(record);
    lastSeq = record.seq;
  }
  return lastSeq;
}

async function tell(record: LogRecord, parts: Parts): Promise<void> {
  if (parts.signal.aborted) {
    return;
  }
  parts.ledger.apply(record);
  if (record.type === "notification.queued") {
    const queued = parts.ledger.undelivered().find(({ id }) => id === record.notificationId);
    void (queued && send(queued, parts));
  }
  await queueOwed(parts, 0);
}

async function queueOwed({ append, lanes, ledger, deadlineAt }: Parts, since: number): Promise<void> {
  for (const notification of ledger.takeOwed().filter(({ at }) => at >= since)) {
    try {
      await append(queuedRecord(notification));
    } catch {
      // The cause is on disk, and people must hear of it even though this part of the log is missing.
      void lanes.deliver(notification, deadlineAt(notification.at));
    }
  }
}

async function send(notification: Notification, { append, lanes, signal, deadlineAt }: Parts): Promise<void> {
  const outcome = await lanes.deliver(notification, deadlineAt(notification.at));
  if (outcome.kind === "stopped") {
    return;
  }
  do {
    try {
      await append(outcomeRecord(notification, outcome));
      return;
    } catch {
      // Delivered and not recorded means delivered again at the next start, so the log is tried until it takes it.
      await pause(LOG_RETRY_MS, signal);
    }
  } while (!signal.aborted);
}

function queuedRecord({ id, channel, message, cause }: Notification): NotificationRecord {
  const { event, dedupKey, release } = message;
  return {
    type: "notification.queued",
    ...about(message),
    ...(release === undefined ? {} : { release }),
    notificationId: id,
    channel,
    event,
    dedupKey,
    cause,
  };
}

function outcomeRecord(
  { id, channel, message }: Notification,
  outcome: Exclude<Outcome, { kind: "stopped" }>,
): NotificationRecord {
  const common = { ...about(message), notificationId: id, channel, attempts: outcome.attempts };
  return outcome.kind === "delivered"
    ? {
        type: "notification.delivered",
        ...common,
        ...(outcome.reference === undefined ? {} : { reference: outcome.reference }),
      }
    : { type: "notification.failed", ...common, error: outcome.error };
}

function about({ policy, decisionId }: Message) {
  return { ...(policy === undefined ? {} : { policy }), ...(decisionId === undefined ? {} : { decisionId }) };
}
