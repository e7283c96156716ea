import { pino } from "pino";
import { loadedRecord } from "../../src/daemon/rules-in-force.ts";
import { createCheckpoints } from "../../src/daemon/checkpoints.ts";
import type { Commands } from "../../src/daemon/commands.ts";
import { createCommands } from "../../src/daemon/create-commands.ts";
import { createFleet, type Fleet, heatOnRecord } from "../../src/daemon/fleet.ts";
import { createGates } from "../../src/daemon/gates.ts";
import { createHistory, type History } from "../../src/daemon/history.ts";
import { createLogGate, type LogGate } from "../../src/daemon/log-gate.ts";
import { createOneAtATime, type OneAtATime } from "../../src/daemon/one-at-a-time.ts";
import { type Carried, NOTHING_CARRIED, runPass, weighAgain } from "../../src/daemon/pass.ts";
import type { PassPorts } from "../../src/daemon/ports.ts";
import { precheckOnce } from "../../src/daemon/precheck-once.ts";
import { createRecheck } from "../../src/daemon/recheck.ts";
import { createRollbacks } from "../../src/daemon/rollbacks.ts";
import type { RunningPolicy } from "../../src/daemon/run-policy.ts";
import { sharingWith } from "../../src/daemon/sharing.ts";
import type { TryPorts } from "../../src/daemon/tries.ts";
import type { RollbackPorts } from "../../src/daemon/rollback-run.ts";
import { slotAt } from "../../src/engine/slots.ts";
import type { DecisionRecord, LogRecord } from "../../src/log/record.ts";
import { LogUnwritable } from "../../src/log/unwritable.ts";
import type { LogWriter } from "../../src/log/writer.ts";
import type { LookForNeeded, LookInto } from "../../src/releases/release-context.ts";
import type { MarkStanding } from "../../src/releases/watch.ts";
import type { Prepare } from "../../src/rollback/act.ts";
import type { AskOwners } from "../../src/rollback/gitops/restoring.ts";
import type { Precheck } from "../../src/rollback/precheck.ts";
import { type Policy, targetKey } from "../../src/rules/policy.ts";
import { type KnownReports, NO_REPORTS } from "../../src/signals/image-report.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { createMetrics, type Metrics } from "../../src/telemetry/metrics.ts";
import { type MemoryLog, memoryLog } from "../notifications/memory-log.ts";
import { TEN } from "../support/model.ts";
import { type FakePrometheus, fakePrometheus } from "./fake-prometheus.ts";
import { type FakeTarget, fakeTarget } from "./fake-target.ts";

/** All that outlives the daemon: the clock, Prometheus, the target and the disk. */
export interface World {
  at: number;
  /** How far the clock of Prometheus is ahead of `at`, in ms. */
  skewMs: number;
  readonly prometheus: FakePrometheus;
  readonly target: FakeTarget;
  readonly log: MemoryLog;
  /** The disk takes no record while this is so. */
  full: boolean;
  probes: readonly Sample[];
  /** What is known of images. */
  known: KnownReports;
  readonly marked: string[];
  /** What each effect passes through; a test that ends the daemon there puts something else here. */
  effect: <T>(name: string, run: () => Promise<T>) => Promise<T>;
  verify: RollbackPorts["verify"];
  /** What the act needs first, once there is something. */
  prepare: Prepare | undefined;
  /** Every policy's, once there is one. */
  precheck: Precheck | undefined;
  lookInto: LookInto | undefined;
  askOwners: AskOwners | undefined;
  lookForNeeded: LookForNeeded | undefined;
  markStanding: MarkStanding;
  /** What a rollback does between two tries: it waits for the end of the next pass. */
  readonly pause: NonNullable<TryPorts["pause"]>;
  /** How long it was to wait, in ms. */
  readonly pauses: number[];
  readonly endPauses: () => void;
  /** What waits, waits for ever: its daemon is dead. */
  readonly dropPauses: () => void;
  /** The rules are being replaced. */
  isRetiring: boolean;
}

/** `v1` has run since long before ten. */
export function createWorld(at: number = TEN): World {
  const marked: string[] = [];
  const waiting: (() => void)[] = [];
  const world: World = {
    at,
    skewMs: 0,
    prometheus: fakePrometheus(),
    target: fakeTarget("vcci-production/vcci-api", { digest: "v1", at: at - 86_400_000 }),
    log: memoryLog(),
    full: false,
    probes: [],
    known: NO_REPORTS,
    marked,
    effect: (_, run) => run(),
    verify: async () => ({ kind: "verified", steps: [] }),
    prepare: undefined,
    precheck: undefined,
    lookInto: undefined,
    askOwners: undefined,
    lookForNeeded: undefined,
    markStanding: async (_, digest, { kind }) => void marked.push(`${digest} ${kind}`),
    pause: (ms) => {
      world.pauses.push(ms);
      return new Promise((resolve) => waiting.push(resolve));
    },
    pauses: [],
    endPauses: () => waiting.splice(0).forEach((resolve) => resolve()),
    dropPauses: () => void waiting.splice(0),
    isRetiring: false,
  };
  return world;
}

export interface Daemon {
  readonly history: History;
  readonly gate: LogGate;
  readonly metrics: Metrics;
  /** Warnings and errors of its own log. */
  readonly warnings: string[];
  /** Decisions that people were told of past the log. */
  readonly told: DecisionRecord[];
  readonly carried: (policy: string) => Carried;
  readonly commands: Commands;
  /** Says which rules are in force, as a start or an edit does. */
  readonly load: () => Promise<void>;
  readonly resume: () => void;
  /** One pass of each policy, side by side, at the world's time; then whatever they set off. */
  readonly pass: () => Promise<void>;
  /** What the loop over a policy does before its next slot when somebody said something; then whatever it sets off. */
  readonly reconsider: () => Promise<void>;
  /** A pass at every slot from the next one to the one at `at`. */
  readonly passUntil: (at: number) => Promise<void>;
}

interface Parts {
  readonly world: World;
  readonly history: History;
  readonly gate: LogGate;
  readonly metrics: Metrics;
  readonly fleet: Fleet;
  readonly warnings: string[];
  readonly told: DecisionRecord[];
  readonly oneAtATime: OneAtATime;
  readonly running: () => readonly Pick<RunningPolicy, "policy" | "watch">[];
}

/** A daemon that has just been started on what its log says; nothing in it runs by a clock of its own. */
export function startDaemon(world: World, ...policies: readonly Policy[]): Daemon {
  const history = createHistory();
  world.log.records.forEach(history.apply);
  const metrics = createMetrics("test");
  const gate = createLogGate({
    writer: diskOf(world),
    history,
    metrics,
    onShut: () => undefined,
    onOpen: () => undefined,
  });
  const parts = {
    world,
    history,
    gate,
    metrics,
    fleet: createFleet(50),
    warnings: [],
    told: [],
    oneAtATime: createOneAtATime(),
    running: () => policies.map((policy) => ({ policy, watch: world.target.watch })),
  };
  const runs = policies.map((policy) => {
    const state: { carried: Carried } = { carried: NOTHING_CARRIED };
    return Object.assign(state, { policy, ...assemble(policy, parts, () => state.carried) });
  });

  const asked = new Set<string>();

  async function pass(): Promise<void> {
    await Promise.all(
      runs.map(async (run) => {
        const lag = world.at + world.skewMs - run.policy.queryOffsetMs;
        const slot = slotAt(lag, run.policy.intervalMs);
        run.carried = await runPass(run.policy, run.carried, { at: world.at, slot }, run.ports);
      }),
    );
    await settled();
    world.endPauses();
    await settled();
  }

  return {
    history,
    gate,
    metrics,
    warnings: parts.warnings,
    told: parts.told,
    commands: createCommands({
      running: () =>
        runs.map((run) => ({
          policy: run.policy,
          carried: () => run.carried,
          watch: world.target.watch,
          reports: () => world.known,
          begin: run.rollbacks.begin,
          reconsider: () => void asked.add(run.policy.name),
          ...(world.precheck && { precheck: world.precheck }),
          ...(world.lookInto && { lookInto: world.lookInto }),
          ...(world.askOwners && { askOwners: world.askOwners }),
          ...(world.lookForNeeded && { lookForNeeded: world.lookForNeeded }),
          mayDecide: () => true,
        })),
      history,
      record: gate.record,
      gates: createGates({ unwritable: gate.unwritable, history, now: () => world.at }),
      massBreach: parts.fleet.massBreach,
      oneAtATime: parts.oneAtATime,
      newDecisionId: (at) => `${new Date(at).toISOString()}-by-hand`,
      now: () => world.at,
      policyInLog: async () => undefined,
      posted: {
        all: () => world.known.reports,
        add: async (report) => {
          world.known = { ...world.known, reports: [...world.known.reports, report] };
        },
      },
    }),
    carried: (name) => runs.find(({ policy }) => policy.name === name)?.carried ?? NOTHING_CARRIED,
    load: async () => {
      await gate.record(loadedRecord(policies));
    },
    resume: () => {
      for (const { rollbacks } of runs) rollbacks.resume();
    },
    pass,
    reconsider: async () => {
      for (const { policy, carried, ports } of runs.filter((run) => asked.delete(run.policy.name))) {
        await weighAgain(policy, carried, world.at, ports);
      }
      await settled();
    },
    passUntil: async (at) => {
      const intervalMs = Math.min(...policies.map((policy) => policy.intervalMs));
      for (let next = slotAt(world.at, intervalMs) + intervalMs; next <= at; next += intervalMs) {
        world.at = next;
        await pass();
      }
    },
  };
}

function assemble(
  policy: Policy,
  { world, history, gate, metrics, fleet, warnings, told, oneAtATime, running }: Parts,
  carried: () => Carried,
) {
  const now = (): number => world.at;
  const logger = pino({ level: "warn" }, { write: (line) => void warnings.push(line) });
  const { act, inspect, rehearse, repeatable, settle } = world.target.strategy(
    policy.rollback.strategy.kind,
    now,
  );
  const skewMs = (): number => world.skewMs;
  const gates = createGates({ unwritable: gate.unwritable, history, now });
  const shared = { history, metrics, logger, now, skewMs, record: gate.record, gates };
  const markStanding: MarkStanding = (...mark) => world.effect("mark", () => world.markStanding(...mark));
  const pass: Omit<PassPorts, "begin"> = {
    ...shared,
    ...(world.precheck && { precheck: precheckOnce(world.precheck) }),
    ...(world.lookInto && { lookInto: world.lookInto }),
    ...(world.askOwners && { askOwners: world.askOwners }),
    ...(world.lookForNeeded && { lookForNeeded: world.lookForNeeded }),
    instant: world.prometheus.instant,
    sampler: world.prometheus,
    watch: world.target.watch,
    probeResults: () => world.probes,
    reports: () => world.known,
    gates: shared.gates,
    oneAtATime,
    massBreach: fleet.massBreach,
    sharing: () => sharingWith(policy, running()),
    member: fleet.join(policy.name, targetKey(policy), heatOnRecord(policy.name, history)),
    tellUnlogged: (decision) => void told.push(decision),
    newDecisionId: (at) => `${new Date(at).toISOString()}-${policy.name}`,
    markStanding,
    checkpoints: createCheckpoints(policy, {
      ...shared,
      sampler: world.prometheus,
      probe: async () => ({ at: now(), ok: true, detail: "HTTP 200 in 1 ms" }),
      environment: {},
      secrets: () => [],
    }),
    mayDecide: () => true,
    isStopping: () => false,
  };
  const rollbacks = createRollbacks(policy, {
    ...shared,
    recheck: createRecheck(policy, {
      pass,
      carried,
      isRetiring: () => world.isRetiring,
      ...(world.precheck && { precheck: world.precheck }),
    }),
    pause: world.pause,
    strategy: {
      repeatable,
      ...(world.prepare && { prepare: world.prepare }),
      ...(rehearse && { rehearse }),
      ...(settle && { settle }),
      act: (order, signal) => world.effect("act", () => act(order, signal)),
      inspect: (order) => world.effect("inspect", () => inspect(order)),
    },
    markStanding,
    verify: (...asked) => world.effect("verify", () => world.verify(...asked)),
  });
  const ports: PassPorts = { ...pass, begin: rollbacks.begin, wouldPass: rollbacks.wouldPass };
  return { ports, rollbacks };
}

/** The world's disk as the log's writer, with the world's clock. */
function diskOf(world: World): LogWriter {
  const full = (): LogUnwritable =>
    new LogUnwritable("/data", Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
  return {
    append: (body) =>
      world.effect(`append ${body.type}`, async () => {
        if (world.full) throw full();
        return world.log.append(body, world.at);
      }),
    head: () => ({ seq: world.log.records.length, hash: "" }),
    writable: async () => (world.full ? { ok: false, error: full() } : { ok: true }),
    onAppended: world.log.onAppended,
    close: async () => undefined,
    torn: [],
  };
}

/** Everything in these worlds answers at once, so one turn of the event loop is enough for all that follows. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export function ofType<T extends LogRecord["type"]>(
  { log }: World,
  type: T,
): readonly Extract<LogRecord, { type: T }>[] {
  return log.records.filter((record): record is Extract<LogRecord, { type: T }> => record.type === type);
}

/** Each decision in a line: "hold observe-mode". */
export function decisions(world: World): readonly string[] {
  return ofType(world, "decision.made").map(({ decision, reason }) =>
    decision === reason ? decision : `${decision} ${reason}`,
  );
}
