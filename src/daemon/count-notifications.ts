import type { Channels } from "./channels.ts";
import type { LogRecord } from "../log/record.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Counts what became of each notification, record by record; from zero, so that the first failure is a rise. */
export function countNotifications(
  { notifications }: Metrics,
  channels: Channels,
): (record: LogRecord) => void {
  for (const channel of Object.keys(channels)) {
    for (const outcome of ["delivered", "failed"]) notifications.inc({ channel, outcome }, 0);
  }
  return (record) => {
    if (record.type === "notification.delivered")
      notifications.inc({ channel: record.channel, outcome: "delivered" });
    if (record.type === "notification.failed")
      notifications.inc({ channel: record.channel, outcome: "failed" });
  };
}
