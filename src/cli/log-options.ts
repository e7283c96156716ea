import { logFolder } from "../log/files.ts";
import type { LogFilter } from "../log/reader.ts";
import type { Io } from "./io.ts";
import { serverSource } from "./log-server.ts";
import { folderSource, type LogSource, NotRead } from "./log-source.ts";

/** What every log command takes. */
export interface LogOptions {
  /** The data folder; undefined: ROLLBACKD_DATA_DIR, else ./data. */
  readonly data?: string | undefined;
  /** A daemon that has it. */
  readonly server?: string;
  readonly tokenFile?: string;
  readonly format: "text" | "json";
}

/** Filters as a person types them; times are RFC 3339 or an age such as `90m`, `6h`, `2d`. */
export interface FilterOptions {
  readonly policy?: string | undefined;
  readonly type?: string | undefined;
  readonly decision?: "rollback" | "hold" | "escalate" | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The call itself is wrong; the message says what was expected. */
class WrongCall extends Error {
  override readonly name = "WrongCall";
}

/**
 * Does the work on the log: of a daemon, where one is named, else of a folder. A call that cannot be carried out is
 * explained on standard error and ends with 2, as does a log that cannot be read.
 */
export function onLog(
  options: Omit<LogOptions, "format">,
  io: Io,
  work: (source: LogSource) => Promise<0 | 1>,
): Promise<0 | 1 | 2> {
  return explaining(folderOf(options), io, () => work(sourceOf(options)));
}

/** The same on the files of the log alone. */
export function onFolder(
  options: Omit<LogOptions, "format">,
  io: Io,
  work: (folder: string) => Promise<0 | 1>,
): Promise<0 | 1 | 2> {
  const folder = folderOf(options);
  return explaining(folder, io, async () => {
    if (options.server !== undefined) throw new WrongCall(NOT_BY_ITSELF);
    return work(folder);
  });
}

const NOT_BY_ITSELF =
  "A daemon that vouches for its own log proves nothing: a person who can change its files can change its answers as well. " +
  "Next: verify the files, beside it or in a copy: rollbackd log verify --data FOLDER, with --head from a page.";

function folderOf({ data }: Pick<LogOptions, "data">): string {
  return logFolder(data ?? process.env["ROLLBACKD_DATA_DIR"] ?? "./data");
}

/** What is named goes before the environment, and files that are here before a daemon that may be elsewhere. */
function sourceOf(options: Omit<LogOptions, "format">): LogSource {
  const { data, server } = options;
  if (data !== undefined && server !== undefined) {
    throw new WrongCall("--data and --server are two places to read from. Name one of them.");
  }
  const hasFolder = data !== undefined || process.env["ROLLBACKD_DATA_DIR"] !== undefined;
  const isServer = server !== undefined || (!hasFolder && process.env["ROLLBACKD_SERVER"] !== undefined);
  return isServer ? serverSource(options) : folderSource(folderOf(options));
}

async function explaining(folder: string, io: Io, work: () => Promise<0 | 1>): Promise<0 | 1 | 2> {
  try {
    return await work();
  } catch (error) {
    const said = error instanceof WrongCall || error instanceof NotRead ? error.message : why(folder, error);
    if (said === undefined) throw error;
    io.err(said);
    return 2;
  }
}

/** Why a folder cannot be read; undefined for errors of other kinds. */
function why(folder: string, error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return `There is no decision log in ${folder}. Next: name the data folder with --data or ROLLBACKD_DATA_DIR, or a daemon with --server.`;
  }
  if (code === "EACCES" || code === "EPERM") {
    return `The decision log in ${folder} may not be read (${code}). Next: run this as the user of rollbackd, or name the daemon with --server.`;
  }
  return undefined;
}

/** Throws WrongCall. */
export function filterOf(options: FilterOptions, now: number): LogFilter {
  const { policy, type, decision } = options;
  const from = instant("--from", options.from, now);
  const to = instant("--to", options.to, now);
  return {
    ...(policy === undefined ? {} : { policy }),
    ...(type === undefined ? {} : { type }),
    ...(decision === undefined ? {} : { decision }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** Throws WrongCall. */
export function headOf(text: string): { readonly seq: number; readonly hash: string } {
  const [, hash, seq] = /^([0-9a-f]{16,64})@(\d+)$/.exec(text) ?? [];
  if (hash === undefined) {
    throw new WrongCall(
      `--head ${text}: expected HASH@SEQ as a page shows it: 16 to 64 hex digits, @, a number.`,
    );
  }
  return { hash, seq: Number(seq) };
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function instant(option: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const at = unit === undefined ? Date.parse(text) : now - Number(amount) * (UNIT_MS[unit] ?? 0);
  if (Number.isNaN(at)) {
    throw new WrongCall(
      `${option} ${text}: expected a time such as 2026-03-02T10:00:00Z, or an age such as 90m, 6h, 2d.`,
    );
  }
  return at;
}
