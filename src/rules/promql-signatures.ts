/** What a PromQL expression is: one number, instant vector, range vector, text. */
export type PromqlType = "scalar" | "vector" | "matrix" | "string";

export interface Signature {
  readonly parameters: readonly PromqlType[];
  /** How many may be left out at the end. */
  readonly optional: number;
  /** True where the last parameter may be repeated. */
  readonly repeats: boolean;
  readonly returns: PromqlType;
}

const LETTERS: Readonly<Record<string, PromqlType>> = {
  s: "scalar",
  v: "vector",
  m: "matrix",
  t: "string",
};

/** Parameter letters, `?` after each that may be left out, `*` after one that repeats; `>` and what comes back. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  "m>v":
    "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate " +
    "last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time " +
    "stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time " +
    "ts_of_min_over_time",
  "v>v":
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count " +
    "histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh " +
    "timestamp",
  "v?>v": "day_of_month day_of_week day_of_year days_in_month hour minute month year",
  "vs?>v": "round",
  "vs>v": "clamp_max clamp_min",
  "vss>v": "clamp",
  "sv>v": "histogram_quantile",
  "ssv>v": "histogram_fraction",
  "vts*>v": "histogram_quantiles",
  "sm>v": "quantile_over_time",
  "ms>v": "predict_linear",
  "mss>v": "double_exponential_smoothing",
  "vtttt>v": "label_replace",
  "vttt*>v": "label_join",
  "vt*>v": "sort_by_label sort_by_label_desc",
  "vv?>v": "info",
  "v>s": "scalar",
  "s>v": "vector",
  ">s": "pi time",
};

const AGGREGATIONS: Readonly<Record<string, string>> = {
  "v>v": "avg count group max min stddev stdvar sum",
  "sv>v": "bottomk limit_ratio limitk quantile topk",
  "tv>v": "count_values",
};

const BY_NAME: ReadonlyMap<string, Signature> = new Map(
  [...Object.entries(FUNCTIONS), ...Object.entries(AGGREGATIONS)].flatMap(([form, names]) =>
    names.split(" ").map((name) => [name, parseForm(form)] as const),
  ),
);

/** Undefined for a function that is newer than this list; the server is then the judge of its arguments. */
export function signatureOf(name: string): Signature | undefined {
  return BY_NAME.get(name);
}

export function functionNames(): readonly string[] {
  return [...BY_NAME.keys()];
}

function parseForm(form: string): Signature {
  const [parameters = "", returns = "v"] = form.split(">");
  return {
    parameters: Array.from(parameters.matchAll(/[a-z]/g), ([letter]) => LETTERS[letter] ?? "vector"),
    optional: parameters.split("?").length - 1 + (parameters.endsWith("*") ? 1 : 0),
    repeats: parameters.endsWith("*"),
    returns: LETTERS[returns] ?? "vector",
  };
}
