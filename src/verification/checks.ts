import { setTimeout as sleep } from "node:timers/promises";
import type { RollbackOrder } from "../rollback/act.ts";
import { describeCommand } from "../rollback/command-text.ts";
import { runCommand } from "../rollback/command.ts";
import { orderEnv } from "../rollback/script.ts";
import type { CommandSpec, ProbeSpec, VerifySpec } from "../rules/policy.ts";
import type { Probe, ProbeResult } from "../signals/probe.ts";
import type { ProbeFact, SmokeFact, VerificationStep } from "./judge.ts";

export interface CheckPorts {
  readonly probe: Probe;
  /** The daemon's own environment; see `RunOptions`. */
  readonly environment: NodeJS.ProcessEnv;
  /** Values that must not appear in the kept output. */
  readonly secrets: () => readonly string[];
  /** Wall clock, epoch ms. */
  readonly now: () => number;
}

export interface CheckFindings {
  /** Undefined: not configured. */
  readonly probe: ProbeFact | undefined;
  readonly smoke: SmokeFact;
  /** What the smoke test printed. */
  readonly smokeOutput: string;
}

export interface Checks {
  readonly findings: () => CheckFindings;
  /** Probes once the rollout is complete, the smoke test once they pass; each is started one time, probes go on. */
  readonly startWhatIsDue: (waitingFor: readonly VerificationStep[]) => void;
  /** Resolves when everything that was started has ended; `signal` hurries it. */
  readonly ended: () => Promise<unknown>;
}

/** The probes and the smoke test of one verification. `onFound` is called after each change of the findings. */
export function prepareChecks(
  order: RollbackOrder,
  ports: CheckPorts,
  onFound: () => void,
  signal: AbortSignal,
): Checks {
  const { probe, smoke } = order.policy.rollback.verify;
  const running: Promise<void>[] = [];
  let probing = false;
  let findings: CheckFindings = {
    probe: probe && noProbeYet(probe.probe, probe.successes),
    smoke: { kind: smoke === undefined ? "not-configured" : "not-run" },
    smokeOutput: "",
  };
  const found = (more: Partial<CheckFindings>): void => {
    findings = { ...findings, ...more };
    onFound();
  };

  function startProbes(): void {
    if (probe === undefined || probing) return;
    probing = true;
    running.push(keepProbing(probe, ports.probe, (fact) => found({ probe: fact }), signal));
  }

  function startSmoke(): void {
    if (smoke === undefined || findings.smoke.kind !== "not-run") return;
    findings = { ...findings, smoke: { kind: "running" } };
    running.push(runSmoke(smoke, order, ports, signal).then(found));
  }

  return {
    findings: () => findings,
    startWhatIsDue: (waitingFor) => {
      if (waitingFor.includes("rollout")) return;
      if (waitingFor.includes("probe")) startProbes();
      else startSmoke();
    },
    ended: () => Promise.all(running),
  };
}

/** Goes on until the verdict: what passed once may fail by then. */
async function keepProbing(
  { probe: spec, successes }: NonNullable<VerifySpec["probe"]>,
  probe: Probe,
  onResult: (fact: ProbeFact) => void,
  signal: AbortSignal,
): Promise<void> {
  let fact = noProbeYet(spec, successes);
  while (!signal.aborted) {
    const result = await probe(spec, signal);
    if (signal.aborted) return;
    fact = after(fact, result);
    onResult(fact);
    await sleep(spec.intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

function noProbeYet({ intervalMs, timeoutMs }: ProbeSpec, wanted: number): ProbeFact {
  return { wanted, consecutiveOk: 0, lastOkAt: undefined, last: undefined, freshMs: intervalMs + timeoutMs };
}

/** Trouble of the prober itself says nothing about the target: it neither counts nor breaks the row, but time goes by. */
function after(fact: ProbeFact, result: ProbeResult): ProbeFact {
  const last = result;
  if (result.ok) return { ...fact, last, consecutiveOk: fact.consecutiveOk + 1, lastOkAt: result.at };
  return result.fault === "target" ? { ...fact, last, consecutiveOk: 0 } : { ...fact, last };
}

/** Nothing is found out by a test that `signal` ended. */
async function runSmoke(
  spec: CommandSpec,
  order: RollbackOrder,
  ports: CheckPorts,
  signal: AbortSignal,
): Promise<Partial<CheckFindings>> {
  const { environment } = ports;
  const result = await runCommand(spec, {
    environment,
    env: orderEnv(order),
    signal,
    secrets: ports.secrets(),
  });
  if (result.kind === "aborted") return {};
  const kind = result.kind === "exited" && result.code === 0 ? "passed" : "failed";
  const smoke: SmokeFact = { kind, at: ports.now(), detail: describeCommand(spec, result) };
  return { smoke, smokeOutput: result.output };
}
