import { Type } from "typebox";
import { MANUAL_REASONS } from "../decisions/manual-reason.ts";
import { STANDING_FREEZE } from "./schema-people.ts";
import { VERSION_LENGTH, VERSION_PATTERN } from "../releases/version-name.ts";

const closed = { additionalProperties: false } as const;
const note = { note: Type.Optional(Type.String({ minLength: 1, maxLength: 2000 })) };

export const DRY_RUN = Type.Object({ dryRun: Type.Boolean({ default: false }) }, closed);
export const NOTE = Type.Object(note, closed);
export const ROLLBACK = Type.Object(
  {
    reason: Type.Unsafe<(typeof MANUAL_REASONS)[number]>({ type: "string", enum: MANUAL_REASONS }),
    ...note,
    to: Type.Optional(Type.String({ minLength: 1, description: "revision; default: rollbackd chooses" })),
    maintenance: Type.Optional(Type.Boolean({ description: "announce a maintenance window to the users" })),
    release: Type.Optional(
      Type.String({ minLength: 1, description: "refused where another one runs by now; see `plan.release`" }),
    ),
    dryRun: Type.Optional(Type.Boolean()),
  },
  closed,
);
export const FREEZE = Type.Object(
  { ...note, until: Type.Optional(Type.String({ format: "date-time" })) },
  closed,
);
export const RESUME = Type.Object(
  {
    ...note,
    holder: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500, description: "whose freeze to end; default: one's own" }),
    ),
  },
  closed,
);
export const RELEASE = Type.Object(
  {
    version: Type.String({
      maxLength: VERSION_LENGTH,
      pattern: VERSION_PATTERN,
      description: "without control or invisible characters, nor white space around it",
    }),
    ...note,
  },
  closed,
);

const REVISION = Type.Object({
  revision: Type.String(),
  digest: Type.String(),
  standing: Type.String(),
  images: Type.Record(Type.String(), Type.String()),
});
const PLAN = Type.Object({
  policy: Type.String(),
  target: Type.String(),
  release: Type.String(),
  from: REVISION,
  to: REVISION,
  diff: Type.Array(Type.String(), {
    description:
      "settings of the pod template: `- ` goes, `+ ` comes, `~ ` changes to a value that is not shown because it may be a secret",
  }),
  warnings: Type.Array(Type.String()),
});
export const PLANNED = Type.Object({ plan: PLAN });
export const BEGUN = Type.Object({ decisionId: Type.String(), plan: PLAN });
const FREEZES = Type.Array(STANDING_FREEZE, { description: "all that stand now, the last end first" });
export const FROZEN = Type.Object({
  until: Type.Optional(Type.String({ format: "date-time", description: "end of one's own freeze" })),
  freezes: FREEZES,
});
export const RESUMED = Type.Object({ holder: Type.String(), freezes: FREEZES });
export const RELEASED = Type.Object({ release: Type.String() });
export const ANSWERED = Type.Object({
  policy: Type.String(),
  inTheWay: Type.Optional(
    Type.String({ description: "what an approved rollback waits for, such as the end of a freeze" }),
  ),
});
