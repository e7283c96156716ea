/** How the end of a body is found. */
export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

/** Status and headers of an HTTP/1 answer, as far as a probe needs them. */
export interface AnswerHead {
  readonly status: number;
  /** Where a redirect leads, as the server wrote it. */
  readonly location: string | undefined;
  readonly framing: Framing;
}

/** The bytes are no answer in HTTP/1 that this probe can read. That is not known to be the target's fault. */
export class UnreadableAnswer extends Error {
  readonly code = "UNREADABLE";
  constructor(what: string) {
    super(`the answer cannot be read as HTTP/1: ${what}; compare with curl -v`);
  }
}

const STATUS_LINE = /^HTTP\/\d(?:\.\d)?[ \t]+(\d{3})(?:[ \t].*)?$/iu;

/**
 * Reads the lines of a head, without their ends. Takes what curl and kubelet take: a continued header, a status without
 * a reason, a header that is there twice, a length beside chunks (the chunks count). Throws UnreadableAnswer.
 */
export function parseHead([first = "", ...lines]: readonly string[]): AnswerHead {
  const status = Number(STATUS_LINE.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new UnreadableAnswer(`it begins with ${quoted(first)}`);
  const headers = readHeaders(lines);
  const location = headers.get("location")?.[0];
  return { status, location, framing: framingOf(status, headers) };
}

type Headers = ReadonlyMap<string, readonly string[]>;

function readHeaders(lines: readonly string[]): Headers {
  const headers = new Map<string, string[]>();
  for (const line of unfolded(lines)) {
    const colon = line.indexOf(":");
    if (colon < 0) throw new UnreadableAnswer(`the header ${quoted(line)} has no colon`);
    const name = line.slice(0, colon).trim().toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/** A line that begins with white space goes on with the header before it. */
function unfolded(lines: readonly string[]): readonly string[] {
  const whole: string[] = [];
  for (const line of lines) {
    const before = whole.at(-1);
    if (/^[ \t]/u.test(line) && before !== undefined) whole[whole.length - 1] = `${before} ${line.trim()}`;
    else whole.push(line);
  }
  return whole;
}

function framingOf(status: number, headers: Headers): Framing {
  if (status === 101 || status === 204 || status === 304) return { kind: "length", bytes: 0 };
  const codings = listOf(headers, "transfer-encoding");
  if (codings.at(-1)?.toLowerCase() === "chunked") return { kind: "chunked" };
  const lengths = new Set(listOf(headers, "content-length"));
  const [length] = lengths;
  if (length === undefined || codings.some((coding) => coding.toLowerCase() !== "identity")) {
    return { kind: "until-close" };
  }
  if (lengths.size > 1)
    throw new UnreadableAnswer(`it has several lengths (${quoted([...lengths].join(", "))})`);
  if (!/^\+?\d{1,15}$/u.test(length)) throw new UnreadableAnswer(`its length is ${quoted(length)}`);
  return { kind: "length", bytes: Number(length) };
}

function listOf(headers: Headers, name: string): readonly string[] {
  const values = headers.get(name) ?? [];
  return values
    .flatMap((value) => value.split(","))
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

/** For a message: at most 40 characters, and no control characters. */
function quoted(text: string): string {
  const plain = text.replaceAll(/[^ -~]/gu, "?");
  return `"${plain.length > 40 ? `${plain.slice(0, 40)}…` : plain}"`;
}
