import type { CheckResult } from "../log/record.ts";
import { describeCommand } from "../rollback/command-text.ts";
import { runCommand } from "../rollback/command.ts";
import type { Check, Checkpoint, MetricCheck } from "../rules/policy.ts";
import type { Probe } from "../signals/probe.ts";
import type { Sample } from "../signals/sample.ts";
import type { Sampler } from "../signals/sampler.ts";
import { judgeMetric } from "./judge.ts";

export interface LookPorts {
  readonly sampler: Pick<Sampler, "sampleAt">;
  readonly probe: Probe;
  /** The daemon's own environment; see `RunOptions`. */
  readonly environment: NodeJS.ProcessEnv;
  /** Values that must not appear in what is kept. */
  readonly secrets: () => readonly string[];
}

interface Instants {
  /** What is measured is measured for then, whenever that is asked. Epoch ms. */
  readonly dueAt: number;
  /** The start of the release: up to there is "before". */
  readonly startedAt: number;
}

export interface Findings {
  readonly checks: readonly CheckResult[];
  /** Prometheus gave no answer to some of it, and may to a later question. */
  readonly mayKnowLater: boolean;
}

/** Looks at everything that a checkpoint asks for. Never throws; a check that `signal` ended is unknown. */
export async function look(
  { checks }: Checkpoint,
  instants: Instants,
  ports: LookPorts,
  signal: AbortSignal,
): Promise<Findings> {
  const found = await Promise.all(checks.map((check) => lookAt(check, instants, ports, signal)));
  return {
    checks: found.map(({ check }) => check),
    mayKnowLater: found.some(({ samples }) => samples.some(isPassing)),
  };
}

interface Found {
  readonly check: CheckResult;
  readonly samples: readonly Sample[];
}

async function lookAt(
  check: Check,
  instants: Instants,
  ports: LookPorts,
  signal: AbortSignal,
): Promise<Found> {
  switch (check.kind) {
    case "metric":
      return measure(check, instants, ports);
    case "probe": {
      const seen = await ports.probe(check.probe, signal);
      const failed = seen.ok || seen.fault === "target" ? "fail" : "unknown";
      const detail = `${check.probe.url}: ${seen.detail}`;
      return { check: { name: check.name, result: seen.ok ? "pass" : failed, detail }, samples: [] };
    }
    case "command":
      return { check: await validate(check, ports, signal), samples: [] };
  }
}

/** Only one series is taken, so there is nothing for a threshold to combine. */
const NO_THRESHOLD = { op: "above", value: 0, text: "" } as const;

async function measure(
  check: MetricCheck,
  { dueAt, startedAt }: Instants,
  { sampler }: LookPorts,
): Promise<Found> {
  const measurable = { query: check.query, threshold: NO_THRESHOLD, aggregate: undefined };
  const at = async (instant: number): Promise<Sample> => {
    const { samples } = await sampler.sampleAt(measurable, instant);
    return samples[0] ?? { at: instant, unknown: "no-data" };
  };
  const [now, before] = await Promise.all([
    at(dueAt),
    check.versus === undefined ? undefined : at(startedAt),
  ]);
  return { check: judgeMetric(check, now, before), samples: before === undefined ? [now] : [now, before] };
}

async function validate(
  { name, command }: Extract<Check, { readonly kind: "command" }>,
  { environment, secrets }: LookPorts,
  signal: AbortSignal,
): Promise<CheckResult> {
  const ended = await runCommand(command, { environment, secrets: secrets(), signal });
  const passed = ended.kind === "exited" && ended.code === 0;
  const result = passed ? "pass" : ended.kind === "exited" || ended.kind === "timed-out" ? "fail" : "unknown";
  const output = passed ? "" : ended.output.trim().slice(-OUTPUT_CHARACTERS);
  return { name, result, detail: `${describeCommand(command, ended)}${output === "" ? "" : `: ${output}`}` };
}

/** Of what a command that failed printed last. */
const OUTPUT_CHARACTERS = 500;

function isPassing(sample: Sample): boolean {
  return "unknown" in sample && (sample.unknown === "unreachable" || sample.unknown === "query-failed");
}
