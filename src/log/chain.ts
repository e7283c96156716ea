import { createHash } from "node:crypto";
import type { LogRecord, RecordBody } from "./record.ts";

/** The last record of a log, or of a part of it: what the next record links to. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** What the first record of a log links to. */
export const GENESIS: Head = { seq: 0, hash: "0".repeat(64) };

/** `hash` is the last key of every line, so that the hashed bytes can be cut out without parsing JSON. */
const SEAL = /^,"hash":"([0-9a-f]{64})"\}$/;
const SEAL_LENGTH = `,"hash":"${GENESIS.hash}"}`.length;
const CLOSING_BRACE = Buffer.from("}");

/** Gives a record its place after `head` (`at`: epoch ms) and returns its line, without the newline. */
export function seal(body: RecordBody, head: Head, at: number): string {
  const place = { seq: head.seq + 1, at: new Date(at).toISOString() };
  const payload = JSON.stringify({ ...place, ...body, prev: head.hash });
  return `${payload.slice(0, -1)},"hash":"${sha256(Buffer.from(payload))}"}`;
}

export type Flaw =
  | "unparseable" // no record at all
  | "altered" // its bytes do not have its hash
  | "missing" // one or more records are gone in front of it
  | "reordered" // belongs to another place
  | "relinked"; // in its place and whole, but the record before it is not the one it was written after

export type Check =
  | { readonly ok: true; readonly record: LogRecord }
  | { readonly ok: false; readonly flaw: Flaw; readonly seq: number | undefined; readonly detail: string };

/** Is this line whole in itself? Looks at nothing but the line; without its newline. */
export function open(line: Buffer): Check {
  const cut = Math.max(0, line.length - SEAL_LENGTH);
  const hash = SEAL.exec(line.toString("latin1", cut))?.[1];
  const record = parse(line);
  if (record === undefined || hash === undefined) {
    return { ok: false, flaw: "unparseable", seq: record?.seq, detail: "the line is not a sealed record" };
  }
  const actual = sha256(Buffer.concat([line.subarray(0, cut), CLOSING_BRACE]));
  if (actual !== hash) {
    const detail = `its bytes hash to ${short(actual)}, the record says ${short(hash)}`;
    return { ok: false, flaw: "altered", seq: record.seq, detail };
  }
  return { ok: true, record };
}

/** Is this line whole, and the one that follows `before`? */
export function check(line: Buffer, before: Head): Check {
  const opened = open(line);
  if (!opened.ok) {
    return opened;
  }
  const { seq, prev } = opened.record;
  const expected = before.seq + 1;
  if (seq > expected) {
    const gone = seq - 1 === expected ? `record ${expected}` : `records ${expected} to ${seq - 1}`;
    return { ok: false, flaw: "missing", seq, detail: `${gone} should stand before record ${seq}` };
  }
  if (seq < expected) {
    return { ok: false, flaw: "reordered", seq, detail: `record ${seq} follows record ${before.seq}` };
  }
  if (prev !== before.hash) {
    const detail = `it links to ${short(prev)}, the record before it is ${short(before.hash)}`;
    return { ok: false, flaw: "relinked", seq, detail };
  }
  return opened;
}

/** The record of a line that somebody else has checked or will check; undefined when it is none. */
export function parse(line: Buffer): LogRecord | undefined {
  try {
    const value: unknown = JSON.parse(line.toString("utf8"));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is LogRecord {
  return (
    typeof value === "object" &&
    value !== null &&
    "seq" in value &&
    typeof value.seq === "number" &&
    "type" in value &&
    typeof value.type === "string" &&
    "at" in value &&
    typeof value.at === "string"
  );
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function short(hash: string): string {
  return `${hash.slice(0, 12)}…`;
}
