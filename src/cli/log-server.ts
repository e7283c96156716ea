import { setTimeout as sleep } from "node:timers/promises";
import type { LogFilter } from "../log/reader.ts";
import type { LogRecord } from "../log/record.ts";
import { type LogSource, NotRead } from "./log-source.ts";
import { get, openStream, type ServerOptions, serverOf, type TextReply } from "./server-client.ts";
import { eventsOf } from "./server-events.ts";

const PAGE = 500;
const BEGIN_WITH = 10;
const AGAIN_MS = 2_000;

/** The log of a daemon that runs, read through its API. */
export function serverSource(options: ServerOptions): LogSource {
  const read = async (path: string): Promise<string | undefined> => contentOf(await get(options, path));
  return {
    where: serverOf(options),
    newest: (filter, limit) => newest(read, filter, limit),
    decision: async (id) => {
      const text = await read(`decisions/${encodeURIComponent(id)}`);
      return text === undefined ? [] : recordsIn(text);
    },
    record: async (seq) => {
      const text = await read(`records?limit=1&cursor=${seq + 1}`);
      return recordsIn(text ?? "").find((record) => record.seq === seq);
    },
    report: (id) => read(`decisions/${encodeURIComponent(id)}/report`),
    follow: (signal, onTrouble) => followed(options, signal, onTrouble),
  };
}

/** Undefined where there is no such thing. */
function contentOf(reply: TextReply): string | undefined {
  if (reply.ok) return reply.text;
  if (reply.status === 404 && reply.isProblem) return undefined;
  throw new NotRead(`The log was not read: ${reply.detail}`);
}

type Read = (path: string) => Promise<string | undefined>;

async function newest(read: Read, filter: LogFilter, limit: number): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  let cursor: number | undefined;
  do {
    const text = await read(
      `records?${parametersOf(filter, Math.min(PAGE, limit - records.length), cursor)}`,
    );
    const page = recordsIn(text ?? "");
    records.push(...page);
    cursor = page.length === 0 ? undefined : nextOf(text ?? "");
  } while (cursor !== undefined && records.length < limit);
  return records;
}

function parametersOf({ from, to, ...filter }: LogFilter, limit: number, cursor: number | undefined): string {
  const at = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
  const all = { ...filter, from: at(from), to: at(to), limit, cursor };
  const given = Object.entries(all).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  );
  return new URLSearchParams(given).toString();
}

interface Page {
  readonly records?: readonly LogRecord[];
  readonly nextCursor?: number;
}

function recordsIn(text: string): readonly LogRecord[] {
  const { records } = parsed(text);
  if (records === undefined) throw new NotRead(NOT_OURS);
  return records;
}

function nextOf(text: string): number | undefined {
  return parsed(text).nextCursor;
}

const NOT_OURS =
  "What answers there is not rollbackd, or an older one that cannot give its log. Next: check the address.";

function parsed(text: string): Page {
  try {
    return JSON.parse(text) as Page;
  } catch {
    throw new NotRead(NOT_OURS);
  }
}

/** A connection that breaks is made again, and goes on after the last record that came. */
async function* followed(
  options: ServerOptions,
  signal: AbortSignal,
  onTrouble: (sentence: string) => void,
): AsyncGenerator<LogRecord> {
  let last: number | undefined;
  while (!signal.aborted) {
    const opened = await openStream(options, `events?last=${BEGIN_WITH}`, last, signal);
    if (!opened.ok) {
      if (signal.aborted) return;
      if (last === undefined || opened.isProblem) throw new NotRead(`The log was not read: ${opened.detail}`);
    } else {
      for await (const data of eventsOf(opened.body)) {
        const record = JSON.parse(data) as LogRecord;
        last = record.seq;
        yield record;
      }
    }
    if (signal.aborted) return;
    onTrouble(`${serverOf(options)} was lost; asking again every ${AGAIN_MS / 1000} s. Ctrl-C ends it.`);
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}
