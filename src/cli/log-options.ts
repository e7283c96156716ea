import { logFolder } from "../log/files.ts";
import type { LogFilter } from "../log/reader.ts";
import type { Io } from "./io.ts";

/** What every log command takes. */
export interface LogOptions {
  /** The data folder; undefined: ROLLBACKD_DATA_DIR, else ./data. */
  readonly data?: string | undefined;
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
 * Does the work on the log's folder. A call that cannot be carried out is explained on standard error and ends with 2,
 * as does a folder that is not there.
 */
export async function onLog(
  options: Pick<LogOptions, "data">,
  io: Io,
  work: (folder: string) => Promise<0 | 1>,
): Promise<0 | 1 | 2> {
  const data = options.data ?? process.env["ROLLBACKD_DATA_DIR"] ?? "./data";
  const folder = logFolder(data);
  try {
    return await work(folder);
  } catch (error) {
    if (error instanceof WrongCall) {
      io.err(error.message);
      return 2;
    }
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") {
      io.err(
        `There is no decision log in ${folder}. Next: name the data folder with --data or ROLLBACKD_DATA_DIR.`,
      );
      return 2;
    }
    if (code === "EACCES" || code === "EPERM") {
      io.err(
        `The decision log in ${folder} may not be read (${code}). Next: run this as the user of rollbackd.`,
      );
      return 2;
    }
    throw error;
  }
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
  const [, hash, seq] = /^([0-9a-f]{64})@(\d+)$/.exec(text) ?? [];
  if (hash === undefined) {
    throw new WrongCall(
      `--head ${text}: expected HASH@SEQ as a page or the metrics show it, 64 hex digits, @, a number.`,
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
