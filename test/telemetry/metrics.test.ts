import { describe, expect, it } from "vitest";
import { countNotifications } from "../../src/daemon/count-notifications.ts";
import type { LogRecord } from "../../src/log/record.ts";
import { STATE_NUMBER, createMetrics } from "../../src/telemetry/metrics.ts";

/** Name and labels, as dashboards and alerts rely on them. */
const CONTRACT = [
  "rollbackd_trigger_state{policy,trigger}",
  "rollbackd_trigger_value{policy,trigger}",
  "rollbackd_window_coverage_ratio{policy,trigger}",
  "rollbackd_evaluation_duration_seconds{}",
  "rollbackd_evaluations_missed_total{policy}",
  "rollbackd_query_duration_seconds{endpoint}",
  "rollbackd_query_failures_total{reason}",
  "rollbackd_prometheus_clock_skew_seconds{}",
  "rollbackd_target_stale_seconds{policy}",
  "rollbackd_decisions_total{decision,reason}",
  "rollbackd_rollbacks_total{outcome}",
  "rollbackd_rollback_duration_seconds{}",
  "rollbackd_decision_lag_seconds{}",
  "rollbackd_notifications_total{channel,outcome}",
  "rollbackd_log_head_seq{}",
  "rollbackd_log_append_duration_seconds{}",
  "rollbackd_rules_load_success{}",
  "rollbackd_leader{}",
  "rollbackd_build_info{version,node}",
];

describe("metrics", () => {
  it("have the names and labels of the contract, and no others of this program", () => {
    const { registry } = createMetrics("1.2.3");
    const own = registry
      .getMetricsAsArray()
      .filter(({ name }) => name.startsWith("rollbackd_"))
      .map(
        (metric) => `${metric.name}{${(metric as unknown as { labelNames: string[] }).labelNames.join(",")}}`,
      );
    expect(own.toSorted()).toEqual(CONTRACT.toSorted());
  });

  it("tell the version and how the process itself fares", async () => {
    const text = await createMetrics("1.2.3").registry.metrics();
    expect(text).toContain(`rollbackd_build_info{version="1.2.3",node="${process.versions.node}"} 1`);
    expect(text).toContain("process_resident_memory_bytes");
  });

  it("two processes in one test do not share a registry", async () => {
    const [one, two] = [createMetrics("1"), createMetrics("2")];
    one.triggerState.set({ policy: "p", trigger: "t" }, STATE_NUMBER.firing);
    expect(await one.registry.metrics()).toContain('rollbackd_trigger_state{policy="p",trigger="t"} 2');
    expect(await two.registry.metrics()).not.toContain('trigger="t"');
  });
});

it("what becomes of messages is counted from zero, for each channel that is set up", async () => {
  const metrics = createMetrics("1");
  const count = countNotifications(metrics, { slack: async () => ({ kind: "delivered" }) });
  const shown = async () => (await metrics.registry.metrics()).match(/^rollbackd_notifications_total.*$/gmu);
  expect(await shown()).toEqual([
    'rollbackd_notifications_total{channel="slack",outcome="delivered"} 0',
    'rollbackd_notifications_total{channel="slack",outcome="failed"} 0',
  ]);
  count({ type: "notification.failed", channel: "slack" } as LogRecord);
  expect(await shown()).toContain('rollbackd_notifications_total{channel="slack",outcome="failed"} 1');
});
