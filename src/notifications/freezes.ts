import { type Freezes, holdersText, NO_FREEZES, standing } from "../decisions/freeze.ts";
import { foldFreezes } from "../decisions/freeze-fold.ts";
import type { FreezeRecord } from "../log/hold-record.ts";
import type { LogRecord, OperatorRecord } from "../log/record.ts";
import { formatStamp } from "../text/format.ts";
import { dedupKey, type Message, stamp } from "./message.ts";
import { present } from "./messages.ts";

type OfFreeze = LogRecord &
  (FreezeRecord | Extract<OperatorRecord, { type: "operator.freeze" | "operator.resume" }>);

function isOfFreeze(record: LogRecord): record is OfFreeze {
  return ["operator.freeze", "operator.resume"].includes(record.type) || record.type.startsWith("freeze.");
}

/** Tells of freezes that begin and end, each time with all that stand. */
export function createFreezeTeller(): (record: LogRecord) => readonly Message[] {
  const known = new Map<string, Freezes>();
  return (record) => {
    if (!isOfFreeze(record)) return [];
    const before = known.get(record.policy) ?? NO_FREEZES;
    const after = record.type === "freeze.ending" ? before : foldFreezes(before, record);
    known.set(record.policy, after);
    return [
      {
        ...stamp(record),
        event: "info",
        dedupKey: dedupKey(["freeze", record.policy]),
        policy: record.policy,
        severity: ["operator.freeze", "freeze.ending"].includes(record.type) ? "warning" : "info",
        ...textOf(record, before, after),
        evidence: [],
      },
    ];
  };
}

type Text = Pick<Message, "title" | "lines">;

function textOf(record: OfFreeze, before: Freezes, after: Freezes): Text {
  const stands = standing(after, Date.parse(record.at));
  const isFree = stands.length === 0;
  const { policy, at } = record;
  const left = isFree
    ? "Automatic rollbacks are possible again."
    : `${policy} stays frozen: ${holdersText(stands)}. Nothing is rolled back automatically; people can roll back.`;
  switch (record.type) {
    case "operator.freeze":
      return begun(record, before, after);
    case "operator.resume": {
      const { by, holder = by, note } = record;
      return {
        title: isFree ? `${policy} is resumed` : `A freeze of ${policy} is over, and another stands`,
        lines: present(
          `${by} ended ${holder === by ? "their own freeze" : `the freeze of ${holder}`}${note === undefined ? "." : `: ${note}`}`,
          left,
        ),
      };
    }
    case "freeze.expired": {
      const whose = record.holder === undefined ? "The freeze" : `The freeze of ${record.holder}`;
      return {
        title: isFree
          ? `The freeze of ${policy} is over`
          : `A freeze of ${policy} is over, and another stands`,
        lines: [`${whose} expired at ${formatStamp(record.until, at)}.`, left],
      };
    }
    case "freeze.ending": {
      const { holder, until, triggers, actsFrom } = record;
      return {
        title: `The freeze of ${policy} ends at ${formatStamp(until, at)}, and ${triggers.join(", ")} fires`,
        lines: [
          `${holder} holds the freeze. From ${formatStamp(actsFrom, at)} on rollbackd may roll back automatically, if it still fires.`,
          `To hold automation for longer: rollbackd freeze ${policy} --for 1h`,
        ],
      };
    }
  }
}

function begun(
  record: OfFreeze & { readonly type: "operator.freeze" },
  before: Freezes,
  after: Freezes,
): Text {
  const { policy, by, note, at } = record;
  const now = Date.parse(at);
  const [last] = standing(after, now);
  const others = standing(after, now).filter((freeze) => freeze.by !== by);
  const replaced = standing(before, now).find((freeze) => freeze.by === by);
  const end =
    last?.untilMs === undefined
      ? "until it is resumed"
      : `until ${formatStamp(new Date(last.untilMs).toISOString(), at)}`;
  return {
    title: `${policy} is frozen ${end}`,
    lines: present(
      `${by} did it${note === undefined ? "." : `: ${note}`}`,
      replaced === undefined ? "" : `It replaces the freeze of ${holdersText([replaced])}.`,
      others.length === 0
        ? ""
        : `Freezes of ${policy}: ${holdersText(standing(after, now))}. The last end counts.`,
      `Nothing is rolled back automatically while it stands; people can roll back. To end it: rollbackd resume ${policy} --holder ${by}`,
    ),
  };
}
