import { Type } from "typebox";
import type { Static } from "typebox";
import { CheckpointSchema } from "./schema-checkpoints.ts";
import {
  closed,
  command,
  count,
  duration,
  mode,
  name,
  positiveDuration,
  probe,
  promql,
  share,
  text,
  threshold,
  url,
} from "./schema-parts.ts";
import { StatusPageSchema } from "./schema-status-page.ts";
import { VulnerabilitySchema } from "./schema-vulnerability.ts";
import { DURATION_PATTERN } from "./units.ts";

/*
 * The rules file as its author writes it. This is the one definition of it: loading validates with it, defaults are
 * the ones written here, editors get it as rules/rules.schema.json, and the table in docs/rules.md is printed from it.
 *
 * A property with a default is written as required, so that the types below describe the file once its defaults are
 * filled in; the schema for editors relaxes that again.
 */

/** How a trigger measures: exactly one of these keys. */
const MEASURES = ["ratio", "expr", "probe", "rollout", "vulnerability"] as const;

const TriggerSchema = Type.Object(
  {
    name: name("Name of the trigger, unique in its policy."),
    ratio: Type.Optional(
      Type.Object(
        {
          errors: promql("PromQL for what went wrong. No series while `total` has some means zero."),
          total: promql("PromQL for all of it, in the same unit as `errors`."),
        },
        { ...closed, description: "Share of failures: `errors` divided by `total`." },
      ),
    ),
    expr: Type.Optional(promql("PromQL for one number, compared with the threshold.")),
    probe: Type.Optional(
      Type.Object(probe, { ...closed, description: "Address to probe on its own schedule." }),
    ),
    rollout: Type.Optional(
      Type.Literal("stalled", {
        description:
          "`stalled`: fires when the release's pods do not get ready within the Deployment's " +
          "`progressDeadlineSeconds` (10 minutes unless it says otherwise).",
      }),
    ),
    vulnerability: Type.Optional(VulnerabilitySchema),
    above: Type.Optional(
      threshold("Breaches when strictly above: a number, `5%` (0.05), or a duration, which means seconds."),
    ),
    below: Type.Optional(threshold("Breaches when strictly below. A trigger has `above` or `below`.")),
    for: Type.Optional(
      duration("How long it must breach without a healthy slot. Required with `ratio` and `expr`."),
    ),
    minTotal: Type.Number({
      minimum: 0,
      description:
        "With `ratio`: a smaller `total` makes the slot unknown (low traffic), in the unit of `total`. " +
        "1 is one request a second where `total` is a `rate`.",
      default: 1,
    }),
    breachRatio: share("Share of the known slots of the window that must breach.", 1),
    minCoverage: share("Share of the slots of the window that must be known.", 0.8),
    maxGap: Type.Optional(
      duration("Longest run of unknown slots that the window may hold. A fifth of `for` when left out."),
    ),
    maxSampleAge: Type.Optional(
      positiveDuration(
        "A slot is unknown (stale) where the newest sample that a selector without a range finds is older. " +
          "Twice the second-longest gap between samples of the last hour when left out.",
      ),
    ),
    aggregate: Type.Optional(
      Type.Enum(["any", "all", "each"], {
        description:
          "What several series mean together: `any` or `all` of them breach in a slot, or `each` has a window of " +
          "its own. When left out, several series are an error.",
      }),
    ),
    failures: count("With `probe`: consecutive failed probes that make it fire.", 3, 1000),
    unless: Type.Optional(promql("PromQL that vetoes: any result but nothing or 0 holds this trigger back.")),
    mode: Type.Optional(
      mode("Holds this one trigger back further than its policy. It cannot go further than the policy."),
    ),
    severity: Type.Optional(
      Type.Enum(["info", "warning", "error", "critical"], { description: "How loud the page is." }),
    ),
  },
  { ...closed, oneOf: MEASURES.map((key) => ({ required: [key] })) },
);

const ColorsSchema = Type.Object(
  {
    label: text("Label of the pods, and of the Service's selector, that tells the two apart."),
    values: Type.Array(text("Value of the label."), {
      minItems: 2,
      maxItems: 2,
      uniqueItems: true,
      description: "Its two values.",
      examples: ["[blue, green]"],
    }),
  },
  { ...closed, description: "With `service`: which Deployment is behind which value of a label." },
);

const TargetSchema = Type.Object(
  {
    namespace: Type.Optional(text("Namespace of what is watched, or told to the script.")),
    deployments: Type.Optional(
      Type.Array(text("Name of a Deployment."), {
        minItems: 1,
        maxItems: 10,
        uniqueItems: true,
        description:
          "The Deployment that is watched and rolled back; several, up to ten, are one target and are moved in this order.",
      }),
    ),
    statefulsets: Type.Optional(
      Type.Array(text("Name of a StatefulSet."), {
        minItems: 1,
        maxItems: 1,
        description: "The one StatefulSet that is watched and rolled back.",
      }),
    ),
    service: Type.Optional(
      text("Name of a Service that switches between two Deployments, which `colors` tells apart."),
    ),
    colors: Type.Optional(ColorsSchema),
    script: Type.Optional(
      Type.Literal(true, { description: "Only a script can roll this target back, wherever it runs." }),
    ),
    release: Type.Optional(
      Type.Object(
        { expr: promql("PromQL whose result has one label, which names the running version.") },
        { ...closed, description: "For script targets: how a new version shows." },
      ),
    ),
  },
  {
    ...closed,
    description:
      "What is watched: `namespace` with `deployments`, `statefulsets`, or `service` and `colors`; or `script: true`.",
    oneOf: [
      { required: ["deployments", "namespace"] },
      { required: ["statefulsets", "namespace"] },
      { required: ["service", "colors", "namespace"] },
      { required: ["script"] },
    ],
  },
);

const VerifySchema = Type.Object(
  {
    probe: Type.Optional(
      Type.Object(
        { ...probe, successes: count("Consecutive probes that must pass.", 3, 1000) },
        { ...closed, description: "Address that must answer well after the rollback." },
      ),
    ),
    smoke: Type.Optional(
      Type.Object(command("5m"), {
        ...closed,
        description: "Command that must exit with 0 after the rollback.",
      }),
    ),
    recovery: positiveDuration("Every trigger must have left firing within this.", "10m"),
  },
  { ...closed, description: "How it is told whether the rollback helped.", default: {} },
);

const RollbackSchema = Type.Object(
  {
    strategy: Type.Enum(["deployment", "statefulset", "blue-green", "script"], {
      description:
        "`deployment` and `statefulset` put the earlier template back; `blue-green` switches a Service back; `script` runs yours.",
    }),
    script: Type.Optional(
      Type.Object(command("10m"), { ...closed, description: "With `strategy: script`: what to run." }),
    ),
    precheck: Type.Optional(
      Type.Object(command("20s"), {
        ...closed,
        description:
          "Asked before anything is changed: 0 means that the release can be undone. Must only read.",
      }),
    ),
    timeout: positiveDuration(
      "Bound on the tries of the act, and again on the rollout that follows it.",
      "10m",
    ),
    verify: VerifySchema,
  },
  { ...closed, description: "How the target is rolled back." },
);

const BudgetSchema = Type.Object(
  {
    rollbacks: count("Automatic rollbacks that are allowed…", 1, 100),
    per: positiveDuration("…within this time.", "24h"),
  },
  { ...closed, description: "Past this a person is asked.", default: {} },
);

const PolicySchema = Type.Object(
  {
    name: name("Name of the policy, unique in the rules folder."),
    mode: Type.Enum(["observe", "approve", "enforce"], {
      description: "`observe` only tells what it would do, `approve` asks first, `enforce` acts.",
      default: "observe",
    }),
    interval: positiveDuration("Time from one evaluation to the next, a second at least.", "15s"),
    queryOffset: duration("How far behind now to evaluate, for data that arrives late.", "0s"),
    target: TargetSchema,
    guard: Type.String({
      title: "duration, or `always`",
      pattern: `^always$|${DURATION_PATTERN}`,
      examples: ["1h", "24h"],
      description: "How long after a release it may be rolled back. `always` is for script targets.",
      default: "1h",
    }),
    watch: positiveDuration("How long a release is followed; no checkpoint is later.", "24h"),
    triggers: Type.Array(TriggerSchema, {
      minItems: 1,
      description: "What makes a release bad; any one is enough.",
    }),
    unless: Type.Optional(
      promql("PromQL that vetoes: any result but nothing or 0 holds every trigger back."),
    ),
    rollback: RollbackSchema,
    checkpoints: Type.Array(CheckpointSchema, {
      description: "What is looked at after a launch. Reports; never rolls back.",
      default: [],
    }),
    notify: Type.Array(Type.Enum(["slack", "pagerduty", "statuspage", "webhook"]), {
      uniqueItems: true,
      description: "Channels to tell: `slack`, `pagerduty`, `webhook`, and for the users `statuspage`.",
      default: [],
    }),
    statusPage: StatusPageSchema,
    cooldown: duration("Least time from one automatic rollback of the target to the next.", "15m"),
    budget: BudgetSchema,
    gitops: Type.Enum(["refuse", "suspend", "warn"], {
      description:
        "What to do about a target that Argo CD or Flux keeps as it is in Git: `refuse` pages and does nothing, " +
        "`suspend` stops its sync first, `warn` acts and says who will undo it.",
      default: "refuse",
    }),
    provenAfter: positiveDuration("How long a revision must be live and healthy to count as good.", "1h"),
    blindAfter: positiveDuration(
      "No usable answer from Prometheus for this long pages, or informs where every trigger only observes.",
      "2m",
    ),
    noDataAfter: positiveDuration(
      "A trigger unknown for this long for its own reasons is told about.",
      "10m",
    ),
    approvalTimeout: positiveDuration("In mode `approve`: how long a person has to answer.", "30m"),
    runbook: Type.Optional(url("Link that pages carry.")),
  },
  closed,
);

/** JSON Schema of a rules file. */
export const RulesFileSchema = Type.Object(
  { policies: Type.Array(PolicySchema, { minItems: 1, description: "One or more policies." }) },
  closed,
);

export type RulesFile = Static<typeof RulesFileSchema>;
export type WrittenPolicy = RulesFile["policies"][number];
export type WrittenTrigger = WrittenPolicy["triggers"][number];
export type WrittenCheck = WrittenPolicy["checkpoints"][number]["checks"][number];
