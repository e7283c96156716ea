import { type TSchema, Type } from "typebox";
import { HOLD_REASONS } from "../decisions/reason.ts";
import { instant, named, oneOf } from "./schema-parts.ts";
import { OF_PEOPLE } from "./schema-people.ts";

/*
 * What requests and answers look like: they check the requests, and /openapi.json shows them. Answers may gain
 * fields; requests with a field or parameter that is not known are refused.
 */

const closed = { additionalProperties: false } as const;

const MODE = oneOf(["observe", "approve", "enforce"]);
const DECISION = oneOf(["rollback", "hold", "escalate"]);

export const NO_QUERY = Type.Object({}, closed);

const span = {
  from: Type.Optional(instant("not older than this")),
  to: Type.Optional(instant("not newer than this")),
};

const paged = {
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50, description: "at most so many" }),
  cursor: Type.Optional(
    Type.Integer({ minimum: 1, description: "`nextCursor` of the page before: goes on below it" }),
  ),
};

const ofPolicy = { policy: Type.Optional(Type.String({ minLength: 1, description: "of this policy only" })) };

export const SPAN_QUERY = Type.Object(span, closed);
export const RELEASES_QUERY = Type.Object({ ...ofPolicy, ...paged }, closed);
export const DECISIONS_QUERY = Type.Object(
  { ...ofPolicy, decision: Type.Optional(DECISION), ...span, ...paged },
  closed,
);
export const RECORDS_QUERY = Type.Object(
  {
    ...ofPolicy,
    type: Type.Optional(
      Type.String({
        minLength: 1,
        description: "of this type (`rollback.failed`), or of its first half (`rollback`)",
      }),
    ),
    decision: Type.Optional(DECISION),
    ...span,
    ...paged,
  },
  closed,
);
export const EVENTS_QUERY = Type.Object(
  {
    last: Type.Integer({
      minimum: 0,
      maximum: 1000,
      default: 0,
      description: "begin with so many of the newest records; Last-Event-ID goes before it",
    }),
  },
  closed,
);

const images = Type.Record(Type.String(), Type.String(), { description: "by container" });
const standing = oneOf(["good", "unproven", "quarantined"]);

const CURRENT_RELEASE = Type.Object({
  id: Type.String(),
  ...named,
  standing,
  images,
  previous: Type.Optional(Type.Object({ ...named, standing, images })),
  startedAt: instant(),
  clockAt: Type.Optional(instant("when its guard period began")),
  guardedUntil: Type.Optional(instant("until when it may be rolled back automatically")),
  cause: oneOf(["deploy", "rollback"]),
  reversible: Type.Boolean(),
  goodSince: Type.Optional(instant("there once it is known to be good, by this daemon's log")),
});

const CHECK = Type.Object({
  name: Type.String(),
  result: oneOf(["pass", "fail", "unknown"]),
  value: Type.Optional(Type.Number({ description: "in the unit of the query" })),
  before: Type.Optional(Type.Number({ description: "the same over the same span before the release" })),
  must: Type.Optional(Type.String({ description: "what must hold, as its author wrote it" })),
  detail: Type.String({ description: "the numbers in words, or why it is unknown" }),
});

const CHECKPOINT = Type.Object({
  checkpoint: Type.String({
    description: "how long after the release's clock began, as its author wrote it",
  }),
  dueAt: Type.Optional(instant("there once the release's clock has begun")),
  result: oneOf(
    ["passed", "failed", "ahead", "not-followed"],
    "not-followed: its time was over when rollbackd first saw the release, or when the rules asked for it",
  ),
  madeAt: Type.Optional(instant()),
  record: Type.Optional(Type.Integer({ description: "number of its record in the log" })),
  late: Type.Optional(Type.Boolean()),
  lateMs: Type.Optional(Type.Number({ description: "there where it is late" })),
  checks: Type.Optional(Type.Array(CHECK, { description: "there once it is made" })),
});

const TRIGGER = Type.Object({
  trigger: Type.String(),
  kind: Type.String(),
  mode: MODE,
  state: oneOf(["inactive", "pending", "firing", "unknown"]),
  at: instant("the slot, or probe, that this is about"),
  value: Type.Optional(Type.Number({ description: "newest known value, in the unit of the query" })),
  threshold: Type.String({ description: "as its author wrote it" }),
  reason: Type.String({ description: "one sentence with the numbers" }),
  window: Type.Object({
    from: instant(),
    to: instant(),
    size: Type.Integer({ description: "slots" }),
    known: Type.Integer(),
    breaching: Type.Integer(),
    coverage: Type.Number({ description: "known slots of all, 0 to 1" }),
    longestGapMs: Type.Number(),
  }),
  firesAt: Type.Optional(instant("earliest time at which it can fire; there while pending")),
});

const DECISION_BRIEF = Type.Object({
  decisionId: Type.String(),
  decision: DECISION,
  reason: oneOf([...HOLD_REASONS, "rollback"]),
  trigger: Type.String(),
  summary: Type.String(),
});

const AUTOMATION = Type.Object(
  {
    from: Type.Optional(
      instant("earliest time of an automatic rollback; not there where something else than time must change"),
    ),
    until: Type.Optional(instant("when the guard period of the release ends")),
    asks: Type.Boolean({ description: "a person has to approve it" }),
    waits: Type.Array(
      Type.Object({
        reason: oneOf([...HOLD_REASONS], "docs/reasons.md explains each"),
        detail: Type.String(),
        until: Type.Optional(instant("not there where time alone does not end it")),
      }),
      { description: "the rules that keep automation from acting now" },
    ),
  },
  { description: "when a trigger that fires may roll back" },
);

const LAST_ROLLBACK = Type.Object({
  decisionId: Type.String(),
  trigger: Type.String(),
  by: Type.Optional(Type.String({ description: "the person who asked for it" })),
  summary: Type.Optional(Type.String({ description: "why, with the numbers" })),
  from: Type.Object(named),
  to: Type.Object(named),
  startedAt: instant(),
  endedAt: instant(),
  outcome: oneOf(["verified", "failed"]),
  failure: Type.Optional(Type.String({ description: "reason of a failure" })),
  undo: Type.Optional(
    Type.String({
      description: "command that brings the release back; there while nothing else was deployed",
    }),
  ),
});

export const POLICY = Type.Object({
  name: Type.String(),
  mode: MODE,
  target: Type.String(),
  release: Type.Optional(CURRENT_RELEASE),
  checkpoints: Type.Optional(
    Type.Array(CHECKPOINT, { description: "of this release; there once the target is seen" }),
  ),
  unseen: Type.Optional(Type.String({ description: "why the target cannot be seen" })),
  evaluatedAt: Type.Optional(instant()),
  sight: Type.Union([Type.Literal("sighted"), Type.Object({ since: instant(), reason: Type.String() })]),
  triggers: Type.Array(TRIGGER),
  ...OF_PEOPLE,
  decision: Type.Optional(DECISION_BRIEF),
  rollback: Type.Optional(
    Type.Object({
      decisionId: Type.String(),
      from: Type.Object(named),
      to: Type.Object(named),
      startedAt: instant(),
      appliedAt: Type.Optional(instant("there once the target took the change, and it is being verified")),
    }),
  ),
  automation: Type.Optional(AUTOMATION),
  lastRollback: Type.Optional(LAST_ROLLBACK),
});

export const POLICIES = Type.Object({ policies: Type.Array(POLICY) });

const SAMPLE = Type.Object({
  at: instant(),
  value: Type.Optional(Type.Number()),
  unknown: Type.Optional(Type.String({ description: "why there is no value" })),
  detail: Type.Optional(Type.String()),
});

export const SAMPLES = Type.Object({
  policy: Type.String(),
  triggers: Type.Array(
    Type.Object({
      trigger: Type.String(),
      kind: Type.String(),
      threshold: Type.String(),
      limit: Type.Optional(
        Type.Number({ description: "the threshold as a number, in the unit of the samples" }),
      ),
      samples: Type.Array(SAMPLE),
    }),
  ),
});

const nextCursor = Type.Optional(
  Type.Integer({ description: "pass it as `cursor` for the page after this one" }),
);

export const RELEASES = Type.Object({
  releases: Type.Array(
    Type.Object({
      policy: Type.String(),
      release: Type.String(),
      target: Type.String(),
      ...named,
      previous: Type.Optional(Type.Object(named)),
      startedAt: instant(),
      observedAt: instant("when rollbackd saw it"),
      cause: oneOf(["deploy", "rollback"]),
      current: Type.Boolean(),
      standing: Type.Optional(standing),
    }),
  ),
  nextCursor,
});

/** A record of the decision log; docs/decision-log.md tells of its fields. */
const RECORD = Type.Object({
  seq: Type.Integer(),
  at: instant(),
  type: Type.String(),
  prev: Type.String(),
  hash: Type.String(),
});

export const RECORDS = Type.Object({ records: Type.Array(RECORD), nextCursor });

const DECISION_RECORD = Type.Intersect([RECORD, DECISION_BRIEF, Type.Object({ policy: Type.String() })]);

export const DECISIONS = Type.Object({ decisions: Type.Array(DECISION_RECORD), nextCursor });

export const ONE_DECISION = Type.Object({
  decision: DECISION_RECORD,
  ...OF_PEOPLE,
  records: Type.Array(RECORD, { description: "all that belong to it, oldest first, itself included" }),
});

/** RFC 9457. */
export const PROBLEM: TSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String({ description: "what is the matter and what to do" }),
});
