import type { LogRecord } from "../log/record.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Counts what became of each notification, record by record. */
export function countNotifications({ notifications }: Metrics): (record: LogRecord) => void {
  return (record) => {
    if (record.type === "notification.delivered")
      notifications.inc({ channel: record.channel, outcome: "delivered" });
    if (record.type === "notification.failed")
      notifications.inc({ channel: record.channel, outcome: "failed" });
  };
}
