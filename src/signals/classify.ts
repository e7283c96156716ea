import { parseMatrix, parseScalar, parseVector } from "./parse-series.ts";
import type { InstantSeries, RangeSeries } from "./query.ts";
import type { UnknownReason } from "./sample.ts";

/** What a server sent back, whatever it was. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** An answer, before it is known whose. */
export type Outcome<Series> = { readonly ok: true; readonly series: readonly Series[] } | Failure;

export interface Failure {
  readonly ok: false;
  readonly reason: UnknownReason;
  readonly detail: string;
}

/** What a reply to /api/v1/query means. Any bytes have a meaning; nothing throws. */
export function classifyInstant(reply: Reply): Outcome<InstantSeries> {
  return classify(reply, (type, result) => {
    switch (type) {
      case "vector":
        return parseVector(result);
      case "scalar":
        return parseScalar(result);
      case "matrix":
      case "string":
        return rejected(`the expression gives a ${type} instead of a number per series; change it`);
      default:
        return undefined;
    }
  });
}

/** What a reply to /api/v1/query_range means. */
export function classifyRange(reply: Reply): Outcome<RangeSeries> {
  return classify(reply, (type, result) => (type === "matrix" ? parseMatrix(result) : undefined));
}

type Read<Series> = (type: unknown, result: unknown) => readonly Series[] | Failure | undefined;
type Document = Readonly<Record<string, unknown>>;

function classify<Series>(reply: Reply, read: Read<Series>): Outcome<Series> {
  if (reply.status === 401 || reply.status === 403) return failed(credentialsRefused(reply.status));
  const document = parseDocument(reply.body);
  if (document?.status === "error") return classifyError(reply.status, document);
  if (reply.status >= 300) return classifyForeign(reply);
  if (document?.status !== "success") return failed(`${show(reply)} is no complete answer of Prometheus`);
  const warning = firstWarning(document);
  if (warning !== undefined) return { ok: false, reason: "partial-response", detail: warning };
  const data = (document.data ?? {}) as Document;
  const series = read(data.resultType, data.result);
  if (series === undefined) {
    return failed(
      `HTTP ${reply.status} with a result of unknown shape (resultType ${text(data.resultType)})`,
    );
  }
  return "ok" in series ? series : { ok: true, series };
}

/** Malformed, more than a limit allows in what it reads (422) or in what it answers (413). */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 422]);

/** The server itself says why. */
function classifyError(status: number, document: Document): Failure {
  const said = `${text(document.errorType)}: ${shorten(text(document.error))}`;
  const isRefusal = REFUSALS.has(status) || document.errorType === "bad_data";
  if (!isRefusal || (status === 422 && isPassing(text(document.error)))) {
    return failed(`HTTP ${status}, ${said}`);
  }
  return rejected(`Prometheus rejected the query, ${said}; change the expression`);
}

const PASSING =
  /deadline|tim(?:ed?|ing)[ -]?out|cancel|unavailable|connection (?:refused|reset)|broken pipe|\beof\b/iu;
const QUOTED = /"(?:[^"\\]|\\.)*"/gu;

/**
 * An execution error that has to do with the moment, not with the query. Messages quote the query, and a metric
 * may well be named for timeouts.
 */
function isPassing(message: string): boolean {
  return PASSING.test(message.replaceAll(QUOTED, ""));
}

/** Something between Prometheus and us, or not Prometheus at all. */
function classifyForeign(reply: Reply): Failure {
  const { status } = reply;
  if (status < 400) return failed(`HTTP ${status}: the address redirects; configure the one it leads to`);
  // VictoriaMetrics says so of a path without its tenant, with 400.
  if (status === 404 || /unsupported path/iu.test(reply.body)) {
    return failed(`HTTP ${status}: no Prometheus API there; check the path of the address`);
  }
  if (status === 405)
    return failed("HTTP 405: neither POST nor GET is allowed there; let one pass to /api/v1/query*");
  if (status === 429) return failed("HTTP 429: too many queries for this server; raise its limit");
  // Query front ends refuse in plain text what their limits will never allow. Proxies answer in HTML, and a
  // server that wanted TLS says 400 to everybody.
  const isRefusal = (status === 400 || status === 422) && isProse(reply) && !/https/iu.test(reply.body);
  if (isRefusal && !isPassing(reply.body)) {
    return rejected(`the query was rejected, ${show(reply)}; change the expression`);
  }
  return failed(show(reply));
}

function isProse({ contentType, body }: Reply): boolean {
  return body.trim() !== "" && !contentType.includes("html") && !body.trimStart().startsWith("<");
}

function parseDocument(body: string): Document | undefined {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === "object" && document !== null ? (document as Document) : undefined;
  } catch {
    return undefined;
  }
}

/** Infos are remarks on style; up to 2.52 Prometheus sent them among the warnings. */
function firstWarning(document: Document): string | undefined {
  if (document.isPartial === true) return "the server marked its answer as partial";
  const warnings: readonly unknown[] = Array.isArray(document.warnings) ? document.warnings : [];
  const warning = warnings.map(text).find((line) => !line.startsWith("PromQL info:"));
  return warning === undefined ? undefined : shorten(warning);
}

function credentialsRefused(status: number): string {
  return (
    `HTTP ${status}: the credentials were refused; check ROLLBACKD_PROMETHEUS_BASIC_USER and ` +
    "_BASIC_PASSWORD_FILE, _BEARER_TOKEN_FILE or _TENANT"
  );
}

function show({ status, contentType, body }: Reply): string {
  const kind = contentType === "" ? "" : ` ${contentType.split(";")[0] ?? ""}`;
  return `HTTP ${status}${kind} ${body.trim() === "" ? "without a body" : `"${shorten(body)}"`}`;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
}

function shorten(value: string): string {
  const line = value.replaceAll(/\s+/gu, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

function failed(detail: string): Failure {
  return { ok: false, reason: "query-failed", detail };
}

function rejected(detail: string): Failure {
  return { ok: false, reason: "query-rejected", detail };
}
