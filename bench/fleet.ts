import { createGates } from "../src/daemon/gates.ts";
import { createOneAtATime } from "../src/daemon/one-at-a-time.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createFleet } from "../src/daemon/fleet.ts";
import { inTurns } from "../src/daemon/turns.ts";
import { createHistory } from "../src/daemon/history.ts";
import { createLogGate, type LogGate } from "../src/daemon/log-gate.ts";
import { type Carried, NOTHING_CARRIED, runPass } from "../src/daemon/pass.ts";
import { createRollbacks } from "../src/daemon/rollbacks.ts";
import { slotAt } from "../src/engine/slots.ts";
import { openLog } from "../src/log/writer.ts";
import { startOutbox } from "../src/notifications/outbox.ts";
import { type Policy, targetKey } from "../src/rules/policy.ts";
import { NO_REPORTS } from "../src/signals/image-report.ts";
import { createSampler } from "../src/signals/sampler.ts";
import { createMetrics, type Metrics } from "../src/telemetry/metrics.ts";
import { fakeTarget } from "../test/daemon/fake-target.ts";
import { synthetic } from "./synthetic.ts";

/** Many policies as the daemon runs them: its loop, log and outbox are real, the world around them is made up. */
export interface Fleet {
  /** One pass of each policy, side by side, at the present instant. */
  readonly pass: () => Promise<void>;
  /** Somebody releases a version of every target. */
  readonly ship: (version: string) => void;
  readonly records: () => number;
  readonly close: () => Promise<void>;
}

interface Shared {
  readonly now: () => number;
  readonly releasedAt: number;
  readonly gate: LogGate;
  readonly history: ReturnType<typeof createHistory>;
  readonly metrics: Metrics;
  readonly fleet: ReturnType<typeof createFleet>;
}

/** `now` is the clock of everything in it; at `releasedAt` what runs at first was released. */
export async function startFleet(
  policies: readonly Policy[],
  { now, releasedAt }: { readonly now: () => number; readonly releasedAt: number },
): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), "rollbackd-bench-"));
  const writer = await openLog(folder, { now });
  const history = createHistory();
  const metrics = createMetrics("bench");
  const gate = createLogGate({ writer, history, metrics, onShut: () => {}, onOpen: () => {} });
  const outbox = await startOutbox({
    append: writer.append,
    onAppended: writer.onAppended,
    history: (async function* () {})(),
    channels: { slack: async () => ({ kind: "delivered" }), pagerduty: async () => ({ kind: "delivered" }) },
    channelsOf: () => ["slack", "pagerduty"],
    now,
  });
  await gate.record({ type: "rules.loaded", policies: policies.map(loaded) });
  const shared = { now, releasedAt, gate, history, metrics, fleet: createFleet(1_000) };
  const runs = policies.map((policy) => startRun(policy, shared));
  return {
    pass: async () => void (await Promise.all(runs.map(({ pass }) => pass()))),
    ship: (version) => runs.forEach(({ target }) => target.ship(version, now())),
    records: () => writer.head().seq,
    close: async () => {
      await outbox.stop();
      await writer.close();
      await rm(folder, { recursive: true });
    },
  };
}

function startRun(policy: Policy, { now, releasedAt, gate, history, metrics, fleet }: Shared) {
  const target = fakeTarget(targetKey(policy), { digest: "v0", at: releasedAt });
  const logger = pino({ level: "silent" });
  const record = { record: gate.record, markStanding: async () => undefined };
  const common = { history, metrics, logger, now, skewMs: () => 0, ...record };
  const gates = createGates({ unwritable: gate.unwritable, history, now });
  const { begin } = createRollbacks(policy, {
    ...common,
    recheck: async () => ({ kind: "clear" }),
    strategy: target.strategy("deployment", now),
    verify: async () => ({ kind: "verified", steps: [] }),
  });
  const ports = {
    ...common,
    begin,
    instant: synthetic.instant,
    sampler: createSampler(inTurns(synthetic), policy.intervalMs),
    watch: target.watch,
    probeResults: () => [],
    checkpoints: { look: () => undefined },
    sharing: () => [],
    reports: () => NO_REPORTS,
    gates,
    oneAtATime: createOneAtATime(),
    massBreach: fleet.massBreach,
    member: fleet.join(policy.name, targetKey(policy), "quiet"),
    tellUnlogged: () => undefined,
    newDecisionId: (at: number) => `${at}-${policy.name}`,
    mayDecide: () => true,
    isStopping: () => false,
  };
  let carried: Carried = NOTHING_CARRIED;
  return {
    target,
    pass: async () => {
      const at = now();
      carried = await runPass(policy, carried, { at, slot: slotAt(at, policy.intervalMs) }, ports);
    },
  };
}

function loaded({ name, hash, triggers }: Policy) {
  return {
    policy: name,
    hash,
    triggers: Object.fromEntries(triggers.map((trigger) => [trigger.name, trigger.hash])),
  };
}
