import type { Logger } from "pino";
import { readLog } from "../log/reader.ts";
import type { LogRecord } from "../log/record.ts";
import { type LogWriter, openLog } from "../log/writer.ts";
import { ofUnwritableLog, ofWritableLog } from "../notifications/messages.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Announcer } from "./announcer.ts";
import { createHistory, type History } from "./history.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { createLogGate, type LogGate } from "./log-gate.ts";
import { logRecords } from "./log-records.ts";
import { repeatedly } from "./repeatedly.ts";

const LOG_RETRY_EVERY_MS = 5_000;

/** The decision log of a running daemon. */
export interface DecisionLog {
  readonly folder: string;
  readonly writer: LogWriter;
  readonly gate: LogGate;
  /** Empty until `read` has been gone through. */
  readonly history: History;
  /** Every record so far, oldest first, each folded into `history` on its way. */
  readonly read: () => AsyncIterable<LogRecord>;
  /** How far `read` has got; undefined once it has come to the end. */
  readonly readUntil: () => number | undefined;
}

interface LogPorts {
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly announcer: Announcer;
}

/** Opens the log for writing, with its gate, its metrics and its lines on standard output. Throws LogLocked, LogUnwritable. */
export async function startLog(
  folder: string,
  { logger, lifecycle, metrics, announcer }: LogPorts,
): Promise<DecisionLog> {
  const writer = await openLog(folder);
  lifecycle.onStop("decision log", writer.close);
  for (const torn of writer.torn) {
    logger.warn(
      { torn },
      "the decision log ended in the middle of a line, as after a loss of power; the rest was set aside",
    );
  }
  const history = createHistory();
  metrics.logHeadSeq.set(writer.head().seq);
  lifecycle.onStop(
    "log metrics",
    writer.onAppended(({ seq }) => metrics.logHeadSeq.set(seq)),
  );
  lifecycle.onStop("log lines", writer.onAppended(logRecords(logger)));
  const gate = createLogGate({
    writer,
    history,
    metrics,
    onShut: (why) => {
      logger.error(`${why} Nothing is rolled back until it can be written again.`);
      announcer.announce(ofUnwritableLog(why, Date.now()));
    },
    onOpen: () => {
      logger.info("the decision log can be written again; automatic rollbacks are possible again");
      announcer.announce(ofWritableLog(Date.now()));
    },
  });
  lifecycle.onStop(
    "log retries",
    repeatedly({
      what: "looking whether the decision log can be written",
      task: gate.retry,
      everyMs: LOG_RETRY_EVERY_MS,
      logger,
    }),
  );
  return { folder, writer, gate, history, ...reading(folder, history) };
}

/** One walk over the log for all who need it: a long one is hundreds of megabytes. */
function reading(folder: string, history: History): Pick<DecisionLog, "read" | "readUntil"> {
  let readUntil: number | undefined = 0;
  return {
    readUntil: () => readUntil,
    async *read() {
      for await (const record of readLog(folder)) {
        history.apply(record);
        readUntil = record.seq;
        yield record;
      }
      readUntil = undefined;
    },
  };
}
