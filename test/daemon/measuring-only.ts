import { pino } from "pino";
import { createFleet } from "../../src/daemon/fleet.ts";
import { createHistory } from "../../src/daemon/history.ts";
import type { RunPolicyPorts } from "../../src/daemon/run-policy.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import { NO_REPORTS } from "../../src/signals/image-report.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

const NOT_THERE: Lookup = { ok: false, reason: "not-found", detail: "not there" };

type Rest = Omit<RunPolicyPorts, "sampler" | "now" | "slotClock">;

/** What passes need besides measurements, where these alone matter: no release, no records, no acts. */
export function measuringOnly(policy: string): Rest {
  return {
    instant: async () => ({ ok: true, series: [], endpoint: "" }),
    probeResults: () => [],
    checkpoints: { look: () => undefined },
    sharing: () => [],
    reports: () => NO_REPORTS,
    watch: {
      current: () => NOT_THERE,
      reread: async () => NOT_THERE,
      onChange: () => () => undefined,
      stop: async () => undefined,
    },
    history: createHistory(),
    record: async () => undefined,
    gates: () => ({ logUnwritable: undefined, notLeader: undefined, frozen: undefined }),
    massBreach: () => undefined,
    member: createFleet(0).join(policy, policy, "quiet"),
    begin: async () => true,
    oneAtATime: (_, run) => run(),
    tellUnlogged: () => undefined,
    newDecisionId: String,
    markStanding: async () => undefined,
    skewMs: () => 0,
    metrics: createMetrics("test"),
    logger: pino({ level: "silent" }),
  };
}
