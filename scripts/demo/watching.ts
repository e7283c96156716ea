import { setTimeout as sleep } from "node:timers/promises";
import { sentence } from "../../src/report/sentence.ts";
import { toneOf, wrap } from "../../src/cli/log-text.ts";
import { follow } from "../../src/log/follow.ts";
import type { LogRecord } from "../../src/log/record.ts";
import type { Policy } from "../../src/rules/policy.ts";
import type { Daemon } from "./daemon.ts";
import { type Seen, statusLine, statusTable, triggersOf } from "./status-table.ts";
import type { Terminal } from "./terminal.ts";
import type { TriggerView, View } from "./view.ts";

export interface WatchOptions {
  readonly policy: Policy;
  readonly daemon: Daemon;
  readonly terminal: Terminal;
  /** What is said of the users below the triggers. */
  readonly users: () => string;
  readonly signal: AbortSignal;
}

/** The daemon as the demo shows it: what it says of itself, asked again and again, and what it writes into its log. */
export interface Watching {
  /** Of the decision log, so far. */
  readonly records: readonly LogRecord[];
  /** As last seen; empty before the first look. */
  readonly triggers: () => readonly TriggerView[];
  /** Waits for `check` to find something. Throws when it does not in time, when the daemon ends, or at Ctrl-C. */
  readonly until: <T>(what: string, withinMs: number, check: () => T | undefined) => Promise<T>;
  readonly stop: () => Promise<void>;
}

const ASK_EVERY_MS = 250;
/** Without a terminal: how often the state is said when nothing happens. */
const SAY_EVERY_MS = 5_000;
/** Of what follows the time and the longest type. */
const INDENT = 37;
/** Written for machines, or followed by a record that says the same. */
const NOT_SHOWN = new Set(["daemon.started", "daemon.stopped", "release.ready", "notification.queued"]);

export function startWatching(options: WatchOptions): Watching {
  const { daemon, terminal, signal } = options;
  const stopping = new AbortController();
  const records: LogRecord[] = [];
  let view: View | undefined;
  const show = createShow(options);
  const asking = (async () => {
    while (!stopping.signal.aborted) {
      // While it starts or ends it does not answer; `until` tells when it never does again.
      view = (await daemon.view().catch(() => undefined)) ?? view;
      if (view !== undefined && !stopping.signal.aborted) show(view);
      await sleep(ASK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  const following = (async () => {
    for await (const record of follow(daemon.decisions, 1, stopping.signal)) {
      records.push(record);
      if (!NOT_SHOWN.has(record.type)) terminal.say(eventText(record, terminal));
    }
  })();
  return {
    records,
    triggers: () => (view === undefined ? [] : triggersOf(view)),
    until: async (what, withinMs, check) => {
      const deadline = performance.now() + withinMs;
      for (;;) {
        signal.throwIfAborted();
        const found = check();
        if (found !== undefined) return found;
        const why = await daemon.ended();
        if (why !== undefined) throw new Error(why);
        if (performance.now() > deadline) {
          const last = records.at(-1);
          const seen = last === undefined ? "nothing" : `${last.type} ${sentence(last)}`;
          throw new Error(`Not within ${withinMs / 1000} s: ${what}. The log's last record: ${seen}`);
        }
        await sleep(ASK_EVERY_MS);
      }
    },
    stop: async () => {
      stopping.abort();
      await Promise.all([asking, following]);
      terminal.settle();
    },
  };
}

/** Redraws the table on a terminal; elsewhere says a line now and then. */
function createShow({ policy, terminal, users }: WatchOptions): (view: View) => void {
  const seen = new Map<string, { readonly at: string; readonly values: readonly (number | undefined)[] }>();
  let saidAt = Number.NEGATIVE_INFINITY;
  return (view) => {
    for (const { trigger, at, value, state } of triggersOf(view)) {
      const before = seen.get(trigger);
      if (before?.at === at) continue;
      const values = [...(before?.values ?? []), state === "unknown" ? undefined : value];
      seen.set(trigger, { at, values: values.slice(-KEPT) });
    }
    const at = Date.now();
    const drawn: Seen = new Map([...seen].map(([trigger, { values }]) => [trigger, values]));
    terminal.live([
      "",
      ...statusTable(policy, view, drawn, { at, columns: terminal.columns(), paint: terminal.paint }).map(
        (line) => `  ${line}`,
      ),
      `  ${terminal.paint("dim", users())}`,
    ]);
    if (!terminal.isTty && at - saidAt >= SAY_EVERY_MS) {
      saidAt = at;
      terminal.say(`  ${clock(at)}  ${statusLine(policy, view, at)} | ${users()}`);
    }
  };
}

/** As many as are ever drawn. */
const KEPT = 60;

function eventText(record: LogRecord, { paint, columns }: Terminal): string {
  const tone = toneOf(record);
  const type = record.type.padEnd(22);
  const said = wrap(sentence(record), columns(), INDENT).trimStart();
  return `  ${clock(Date.parse(record.at))}  ${tone === undefined ? type : paint(tone, type)}  ${said}`;
}

/** `12:00:31Z` */
export function clock(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)}Z`;
}
