import type { LogRecord } from "../log/record.ts";
import type { ChannelName } from "../rules/policy.ts";
import { addressed } from "./audience.ts";
import type { Message } from "./message.ts";
import { failureKey, ofDeliveryAgain, ofFailedDelivery, ofForgotten, type Of } from "./messages.ts";
import { createTeller } from "./teller.ts";

/** One message for one channel. */
export interface Notification {
  /** Made of cause and channel alone, so that it is the same again after a crash. */
  readonly id: string;
  readonly channel: ChannelName;
  readonly message: Message;
  /** `seq` of the record that caused it. */
  readonly cause: number;
  /** It tells that another channel could not be told; if it fails too, that is the end of it. */
  readonly isFallback: boolean;
  /** Epoch ms; when it was queued, or caused while it is not. */
  readonly at: number;
}

/** What the log says about notifications: a fold over its records, from the first, in order. */
export interface Ledger {
  readonly apply: (record: LogRecord) => void;
  /** Caused and not queued: hands them over, once. Those before a queued one were decided about by an earlier run. */
  readonly takeOwed: () => readonly Notification[];
  /** Queued and neither delivered nor given up, in order. */
  readonly undelivered: () => readonly Notification[];
}

interface State {
  /** Caused and not queued, by id. */
  readonly owed: Map<string, Notification>;
  /** Handed over to be queued, by id. */
  readonly taken: Map<string, Notification>;
  /** Queued, by id. */
  readonly queued: Map<string, Notification>;
  /** Channels whose failure another channel was told. */
  readonly failing: Set<ChannelName>;
  /** Channels that were told of an incident that is not over for them, by its key. */
  readonly told: Map<string, Set<ChannelName>>;
}

/** `channels` are those that are set up; `channelsOf` gives those that a policy wants. */
export function createLedger(
  channels: readonly ChannelName[],
  channelsOf: (policy: string) => readonly ChannelName[],
): Ledger {
  const state: State = {
    owed: new Map(),
    taken: new Map(),
    queued: new Map(),
    failing: new Set(),
    told: new Map(),
  };
  const teller = createTeller();

  /** It reaches somebody without an incident, or ends what was never begun there. */
  function isMootSpell(channel: ChannelName, { policy, spell }: Message, isTold: boolean): boolean {
    if (spell === "ends") return !isTold;
    if (spell === undefined || channel !== "pagerduty" || policy === undefined) return false;
    const chosen = channelsOf(policy);
    return (["slack", "webhook"] as const).some((name) => channels.includes(name) && chosen.includes(name));
  }

  function isWanted({ channel, message, isFallback }: Notification): boolean {
    const { policy, event, once } = message;
    const isTold = state.told.get(message.dedupKey)?.has(channel) === true;
    const isChosen =
      policy === undefined || (isFallback && event !== "info") || channelsOf(policy).includes(channel);
    // Whoever was told of an incident is told of its end, whichever policy ends it and whatever the rules say by then.
    const isDue = isTold && event === "resolve";
    // What users were not told of has neither news nor an end for them.
    const isUnheardOf = channel === "statuspage" && event !== "trigger" && !isTold;
    const isMoot = isUnheardOf || isMootSpell(channel, message, isTold);
    return channels.includes(channel) && !isMoot && (isDue || (isChosen && !(once && isTold)));
  }

  function caused(record: LogRecord): readonly Notification[] {
    switch (record.type) {
      case "notification.queued":
        enqueue(record, state);
        return [];
      case "notification.delivered":
        return delivered(record, state);
      case "notification.failed":
        return failed(record, state);
      default:
        return address(record, teller(record));
    }
  }

  return {
    apply: (record) =>
      caused(record).forEach((notification) => state.owed.set(notification.id, notification)),
    takeOwed: () => {
      const wanted = [...state.owed.values()].filter((notification) => {
        const take = isWanted(notification);
        if (take) follow(notification.channel, notification.message, state);
        return take;
      });
      state.owed.clear();
      wanted.forEach((notification) => state.taken.set(notification.id, notification));
      return wanted;
    },
    undelivered: () => [...state.queued.values()],
  };
}

/** An incident begins and ends for each channel by itself. */
function follow(
  channel: ChannelName,
  { dedupKey, event }: Pick<Message, "dedupKey" | "event">,
  { told }: State,
): void {
  const channels = told.get(dedupKey) ?? new Set();
  if (event === "trigger") told.set(dedupKey, channels.add(channel));
  if (event === "resolve" && channels.delete(channel) && channels.size === 0) told.delete(dedupKey);
}

function enqueue(record: Of<"notification.queued">, state: State): void {
  const { owed, taken, queued } = state;
  const { notificationId: id, channel, cause } = record;
  // What this run took itself has been counted then; later ones may have been taken since.
  if (!taken.has(id)) follow(channel, record, state);
  const known = owed.get(id) ?? taken.get(id);
  const forgotten = { id, channel, cause, isFallback: false, message: ofForgotten(record) };
  queued.set(id, { ...(known ?? forgotten), at: Date.parse(record.at) });
  taken.delete(id);
  owed.delete(id);
  // Causes are worked off in order: whatever an earlier one has not queued by now, it was not meant to.
  [...owed.values()].filter((other) => other.cause < cause).forEach((other) => owed.delete(other.id));
}

function delivered(record: Of<"notification.delivered">, state: State): readonly Notification[] {
  state.queued.delete(record.notificationId);
  return !isNoOp(record) && state.failing.delete(record.channel)
    ? address(record, [ofDeliveryAgain(record)]).filter(({ channel }) => channel !== record.channel)
    : [];
}

/** Nothing had to be written on the status page: that says nothing about whether it would take it. */
function isNoOp({ channel, reference }: Of<"notification.delivered">): boolean {
  return channel === "statuspage" && reference === undefined;
}

function failed(record: Of<"notification.failed">, state: State): readonly Notification[] {
  const original = state.queued.get(record.notificationId);
  state.queued.delete(record.notificationId);
  if (original === undefined || original.isFallback) {
    return [];
  }
  const message = ofFailedDelivery(record, original.message);
  if (message.dedupKey === failureKey(record.channel)) {
    state.failing.add(record.channel);
  }
  return address(record, [message], true).filter(({ channel }) => channel !== record.channel);
}

function address(
  record: LogRecord,
  messages: readonly Message[],
  isFallback = false,
): readonly Notification[] {
  return messages.flatMap((message, index) =>
    addressed(message).map(({ channel, message: own }) => ({
      id: [record.seq, channel, ...(index === 0 ? [] : [index + 1])].join("-"),
      channel,
      message: own,
      cause: record.seq,
      isFallback,
      at: Date.parse(record.at),
    })),
  );
}
