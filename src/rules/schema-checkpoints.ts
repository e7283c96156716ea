import { Type } from "typebox";
import { closed, command, duration, name, probe, promql, threshold } from "./schema-parts.ts";

const CriterionSchema = Type.Object(
  {
    above: Type.Optional(threshold("The value must be strictly above.")),
    below: Type.Optional(threshold("The value must be strictly below.")),
    atLeast: Type.Optional(threshold("The value must be this or above.")),
    atMost: Type.Optional(threshold("The value must be this or below.")),
  },
  {
    ...closed,
    description: "What must hold: one of the four.",
    minProperties: 1,
    maxProperties: 1,
  },
);

const VersusSchema = Type.Object(
  {
    mayRise: Type.Optional(
      threshold("At most so much above before: `20%` of it, or an amount such as `50ms`."),
    ),
    mayFall: Type.Optional(
      threshold("At most so much below before: `20%` of it, or an amount such as `0.001`."),
    ),
  },
  {
    ...closed,
    description: "Against the same span before the release began: one of the two.",
    minProperties: 1,
    maxProperties: 1,
  },
);

/** How a check looks: exactly one of these keys. */
const LOOKS = ["ratio", "expr", "probe", "command", "alerts"] as const;

const CheckSchema = Type.Object(
  {
    name: name("Name of the check, unique in its checkpoint."),
    ratio: Type.Optional(
      Type.Object(
        {
          errors: promql("PromQL for what is counted. No series while `total` has some means zero."),
          total: promql("PromQL for all of it, in the same unit as `errors`."),
        },
        { ...closed, description: "`errors` divided by `total`. `$span` is the time since the release." },
      ),
    ),
    minTotal: Type.Number({
      minimum: 0,
      description: "With `ratio`: a smaller `total` makes the check unknown.",
      default: 0,
    }),
    expr: Type.Optional(
      promql("PromQL for one number. `$span` is the time since the release, such as `4h`."),
    ),
    must: Type.Optional(CriterionSchema),
    versusBefore: Type.Optional(VersusSchema),
    probe: Type.Optional(
      Type.Object(probe, { ...closed, description: "Address that must answer well, asked once." }),
    ),
    command: Type.Optional(
      Type.Object(command("5m"), { ...closed, description: "Command that must exit with 0." }),
    ),
    alerts: Type.Optional(
      Type.Record(Type.String({ pattern: "^[a-zA-Z_][a-zA-Z0-9_]*$" }), Type.String(), {
        minProperties: 1,
        description: "No alert of Prometheus with these labels may fire, such as `severity: critical`.",
      }),
    ),
  },
  { ...closed, oneOf: LOOKS.map((key) => ({ required: [key] })) },
);

export const CheckpointSchema = Type.Object(
  {
    at: duration("How long after the release's clock began; within `watch`."),
    checks: Type.Array(CheckSchema, { minItems: 1, description: "What must hold then, all of it." }),
  },
  closed,
);
