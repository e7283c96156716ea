import type { LogRecord, RecordBody } from "../log/record.ts";
import { LogUnwritable } from "../log/unwritable.ts";
import type { LogWriter } from "../log/writer.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { History } from "./history.ts";
import type { RecordInLog } from "./ports.ts";

/** The one way into the decision log for everything that acts, and the gate that shuts when it cannot be written. */
export interface LogGate {
  readonly record: RecordInLog;
  /** Why the log cannot be written now; undefined while it can. */
  readonly unwritable: () => string | undefined;
  /** Tries again after a failure; call it now and then. */
  readonly retry: () => Promise<void>;
}

export interface LogGatePorts {
  readonly writer: LogWriter;
  readonly history: History;
  readonly metrics: Metrics;
  /** Told once each time that it begins to refuse, with why, and once when it can be written again. */
  readonly onShut: (why: string) => void;
  readonly onOpen: () => void;
}

export function createLogGate({ writer, history, metrics, onShut, onOpen }: LogGatePorts): LogGate {
  let trouble: string | undefined;
  const shut = (error: LogUnwritable): void => {
    if (trouble === undefined) onShut(error.message);
    trouble = error.message;
  };
  const open = (): void => {
    if (trouble !== undefined) onOpen();
    trouble = undefined;
  };
  return {
    unwritable: () => trouble,
    retry: async () => {
      if (trouble === undefined) return;
      const tried = await writer.writable();
      if (tried.ok) open();
      else shut(tried.error);
    },
    record: async (body: RecordBody): Promise<LogRecord | undefined> => {
      const endTimer = metrics.logAppendDuration.startTimer();
      try {
        const record = await writer.append(body);
        endTimer();
        history.apply(record);
        open();
        return record;
      } catch (error) {
        if (!(error instanceof LogUnwritable)) throw error;
        shut(error);
        return undefined;
      }
    },
  };
}
