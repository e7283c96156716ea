import type { Logger } from "pino";
import type { LogRecord } from "../log/record.ts";
import { logLine } from "../report/log-line.ts";

/** Writes each record that it is called with as a line of the process's own log, so that no record is forgotten there. */
export function logRecords(
  logger: Pick<Logger, "debug" | "info" | "warn" | "error">,
): (record: LogRecord) => void {
  return (record) => {
    const { level, msg, fields } = logLine(record);
    logger[level](fields, msg);
  };
}
