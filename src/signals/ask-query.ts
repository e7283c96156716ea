import type { MetricQuery } from "../rules/policy.ts";
import { type AgingSelector, agingSelectors } from "../rules/promql-selectors.ts";
import { emptyErrorsOf, type EmptyErrors, UNCLEAR_SHAPE, whyNotZero } from "./empty-errors.ts";
import type { Answer } from "./query.ts";
import type { Grid } from "./range-chunks.ts";
import type { Reading } from "./reduce.ts";
import type { History } from "./slot-history.ts";
import { createUsualMaxAge } from "./sample-rhythm.ts";
import { type Age, whyStale } from "./staleness.ts";

type Failed = Extract<Answer<never>, { ok: false }>;

/** The readings of one expression at an instant. */
type Readings = (at: number) => readonly Reading[];
export type Table = { readonly ok: true; readonly at: Readings; readonly endpoint: string } | Failed;

/** How the slots of one grid are asked about. */
export interface Asking {
  readonly values: (expr: string) => Promise<Table>;
  readonly history: (expr: string, anew: boolean) => Promise<History>;
}

/** All that is needed to judge a trigger's query at the slots of a grid, from one endpoint. */
export interface AskedQuery {
  readonly ok: true;
  readonly endpoint: string;
  /** Of the expression, or of both sides of a ratio. */
  readonly values: { readonly at: Readings; readonly errors: Readings };
  /** Why `errors` without a series at a slot is not 0; undefined where it is. */
  readonly noErrors: (at: number) => string | undefined;
  /** Why what was read at a slot is too old; undefined where it is not. */
  readonly whyStale: (at: number) => string | undefined;
}

interface Question {
  readonly query: MetricQuery;
  readonly maxSampleAgeMs?: number;
}

type Asked = AskedQuery & { readonly endpoints: readonly string[] };

/**
 * Asks for both sides of a ratio and the age of what is read. One endpoint answers all of it: replicas may disagree,
 * and a quotient of two opinions is nobody's. A fail-over in between is the one case in which all is asked again.
 */
export async function askQuery(question: Question, grid: Grid, asking: Asking): Promise<AskedQuery | Failed> {
  const first = await askOnce(question, grid, asking, false);
  if (!first.ok || first.endpoints.length === 1) return first;
  const second = await askOnce(question, grid, asking, true);
  if (!second.ok || second.endpoints.length === 1) return second;
  const detail = `parts of the query were answered by ${second.endpoints.join(" and ")}; asked twice`;
  return { ok: false, reason: "query-failed", detail, endpoint: second.endpoint };
}

async function askOnce(
  { query, maxSampleAgeMs }: Question,
  grid: Grid,
  asking: Asking,
  anew: boolean,
): Promise<Asked | Failed> {
  const { aging, emptyErrors } = factsOf(query, grid.stepMs);
  const [values, ages] = await Promise.all([
    askValues(query, asking),
    askAges(aging, { grid, maxSampleAgeMs, anew }, asking),
  ]);
  if (!values.ok) return values;
  if (!ages.ok) return ages;
  const isOpen = (slot: number): boolean => values.errors(slot).length === 0 && values.at(slot).length > 0;
  const kin =
    emptyErrors !== undefined && query.kind === "ratio" && hasSlot(grid, isOpen)
      ? await asking.history(emptyErrors.kin, anew)
      : undefined;
  if (kin?.ok === false) return prefixed("errors", kin);
  const { stepMs } = grid;
  return {
    ok: true,
    endpoint: values.endpoint,
    endpoints: [...new Set([...values.endpoints, ...ages.endpoints, ...(kin ? [kin.endpoint] : [])])],
    values,
    noErrors: (slot) => {
      if (emptyErrors === undefined) return UNCLEAR_SHAPE;
      return kin && isOpen(slot) ? whyNotZero(emptyErrors.counted, kin.at, { slot, stepMs }) : undefined;
    },
    whyStale: (slot) => firstOf(ages.all, (age) => whyStale(age, slot)),
  };
}

interface Values {
  readonly ok: true;
  readonly at: Readings;
  readonly errors: Readings;
  readonly endpoint: string;
  readonly endpoints: readonly string[];
}

async function askValues(query: MetricQuery, { values }: Asking): Promise<Values | Failed> {
  if (query.kind === "expr") {
    const table = await values(query.expr);
    return table.ok ? { ...table, errors: () => [], endpoints: [table.endpoint] } : table;
  }
  const [errors, total] = await Promise.all([values(query.errors), values(query.total)]);
  if (!errors.ok) return prefixed("errors", errors);
  if (!total.ok) return prefixed("total", total);
  return { ...total, errors: errors.at, endpoints: [errors.endpoint, total.endpoint] };
}

interface Ages {
  readonly ok: true;
  readonly all: readonly Age[];
  readonly endpoints: readonly string[];
}

async function askAges(
  aging: readonly AgingSelector[],
  {
    grid,
    maxSampleAgeMs,
    anew,
  }: { readonly grid: Grid; readonly maxSampleAgeMs: number | undefined; readonly anew: boolean },
  { history }: Asking,
): Promise<Ages | Failed> {
  const answers = await Promise.all(
    aging.map(async (selector) => ({ selector, answer: await history(selector.newest, anew) })),
  );
  const all: Age[] = [];
  const endpoints: string[] = [];
  for (const { selector, answer } of answers) {
    const { text, meantMs } = selector;
    if (!answer.ok) return prefixed(`age of ${text}`, answer);
    const stampAt = (slot: number) => toMs(answer.at(slot));
    const usual = createUsualMaxAge(stampAt, grid.stepMs);
    all.push({
      text,
      meantMs,
      stampAt,
      maxAgeMs: maxSampleAgeMs === undefined ? usual : () => maxSampleAgeMs,
    });
    endpoints.push(answer.endpoint);
  }
  return { ok: true, all, endpoints };
}

/** Prometheus keeps whole milliseconds. */
function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

interface Facts {
  readonly aging: readonly AgingSelector[];
  readonly emptyErrors: EmptyErrors | undefined;
}

/** Read from the text of a query once, and not in every pass. */
const facts = new WeakMap<MetricQuery, Facts & { readonly stepMs: number }>();

function factsOf(query: MetricQuery, stepMs: number): Facts {
  const known = facts.get(query);
  if (known?.stepMs === stepMs) return known;
  const exprs = query.kind === "expr" ? [query.expr] : [query.errors, query.total];
  const aging = new Map(
    exprs
      .flatMap(agingSelectors)
      .map((selector) => [`${selector.newest} ${selector.meantMs}`, selector] as const),
  );
  const read = {
    stepMs,
    aging: [...aging.values()],
    emptyErrors: query.kind === "expr" ? undefined : emptyErrorsOf(query.errors, stepMs),
  };
  facts.set(query, read);
  return read;
}

function prefixed(what: string, failed: Failed): Failed {
  return { ...failed, detail: `${what}: ${failed.detail}` };
}

function hasSlot({ from, to, stepMs }: Grid, is: (slot: number) => boolean): boolean {
  for (let slot = from; slot <= to; slot += stepMs) if (is(slot)) return true;
  return false;
}

function firstOf<T>(all: readonly T[], why: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = why(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
