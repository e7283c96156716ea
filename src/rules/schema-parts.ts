import { Type } from "typebox";
import { DURATION_PATTERN, POSITIVE_DURATION_PATTERN, THRESHOLD_PATTERN } from "./units.ts";

/* What the schemas of a rules file are put together from. */

export const closed = { additionalProperties: false } as const;

const preset = (value: unknown) => (value === undefined ? {} : { default: value });

export const duration = (description: string, value?: string) =>
  Type.String({
    title: "duration",
    pattern: DURATION_PATTERN,
    examples: ["30s", "5m", "1h30m"],
    description,
    ...preset(value),
  });

export const positiveDuration = (description: string, value?: string) =>
  Type.String({
    title: "duration above zero",
    pattern: POSITIVE_DURATION_PATTERN,
    examples: ["30s", "5m", "1h30m"],
    description,
    ...preset(value),
  });

export const threshold = (description: string) =>
  Type.Unsafe<string | number>({
    type: ["number", "string"],
    title: "threshold",
    pattern: THRESHOLD_PATTERN,
    examples: ["5%", "2000ms", "0.05"],
    description,
  });

export const share = (description: string, value: number) =>
  Type.Number({
    title: "share above 0 and up to 1",
    exclusiveMinimum: 0,
    maximum: 1,
    examples: ["0.8"],
    description,
    default: value,
  });

export const count = (description: string, value: number, maximum: number) =>
  Type.Integer({ minimum: 1, maximum, description, default: value });

export const name = (description: string) =>
  Type.String({
    title: "name of up to 63 lower-case letters, digits and `-`",
    pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    examples: ["checkout-api"],
    description,
  });

export const text = (description: string) => Type.String({ minLength: 1, description });

/** Longer than any query that a person can review, and short enough to be read by recursion. */
export const promql = (description: string) =>
  Type.String({ title: "PromQL expression", minLength: 1, maxLength: 4000, description });

export const url = (description: string) =>
  Type.String({
    title: "http or https address",
    pattern: "^https?://[^\\s]+$",
    examples: ["http://api.shop.svc:8000/health/ready"],
    description,
  });

export const mode = (description: string) => Type.Enum(["observe", "approve", "enforce"], { description });

const oneStatus = { type: ["integer", "string"], minimum: 100, maximum: 599, pattern: "^[1-5]xx$" };

const statuses = Type.Unsafe<number | string | (number | string)[]>({
  ...oneStatus,
  title: "status, `2xx`, or a list of them",
  type: [...oneStatus.type, "array"],
  items: { ...oneStatus, title: "status or `2xx`", examples: ["200", "2xx"] },
  minItems: 1,
  examples: ["200", "[200, 204]", "2xx"],
  description: "Statuses that pass.",
  default: "2xx",
});

const ProbeExpectSchema = Type.Object(
  {
    status: statuses,
    body: Type.Optional(text("Text that the body must contain, within its first 64 KiB.")),
  },
  { ...closed, description: "What a good answer looks like. Any 2xx when left out." },
);

const ProbeTlsSchema = Type.Object(
  {
    ca: Type.Optional(text("PEM file of the authorities to trust, where the daemon runs.")),
    insecure: Type.Optional(
      Type.Literal(true, { description: "Take any certificate, as kubelet does for its probes." }),
    ),
  },
  { ...closed, description: "For `https`: whose certificates are believed." },
);

export const probe = {
  url: url("Address to GET. Without `expect`, redirects to the same host are followed."),
  interval: positiveDuration("Time from one probe to the next.", "10s"),
  timeout: positiveDuration("How long one probe may take; shorter than `interval`.", "2s"),
  expect: Type.Optional(ProbeExpectSchema),
  tls: Type.Optional(ProbeTlsSchema),
};

export const command = (timeout: string) => ({
  command: Type.Array(text("Program or argument."), {
    minItems: 1,
    description: "Program and arguments, run without a shell.",
    examples: ['["bash", "rollback.sh"]'],
  }),
  cwd: Type.Optional(text("Folder to run in; the daemon's own when left out.")),
  env: Type.Record(Type.String(), Type.String(), {
    description: "Variables added to the environment. Not for secrets: rules are shown to readers.",
    default: {},
  }),
  timeout: positiveDuration("After this the command and all that it started are ended.", timeout),
});
