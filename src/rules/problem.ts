/** What kind of mistake it is; shown to people and stable for programs that read `check --format json`. */
export type ProblemRule =
  | "file" // cannot be read
  | "empty" // holds no rules
  | "yaml"
  | "unknown-key"
  | "missing-key"
  | "misplaced-key" // known, but means nothing beside its neighbours
  | "wrong-value"
  | "not-supported" // part of the format, not of this version
  | "duplicate-name"
  | "promql"
  | "units"
  | "window"
  | "probe"
  | "mode"
  | "target"
  | "notify"
  | "no-data" // from here on: found by asking a Prometheus
  | "many-series"
  | "threshold-unreachable"
  | "range-too-short";

export type ProblemSeverity = "error" | "warning";

/** One finding about a rules file. Lines and columns count from 1; an error keeps the rules from being loaded. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: ProblemSeverity;
  readonly rule: ProblemRule;
  readonly message: string;
}

export function isError(problem: Problem): boolean {
  return problem.severity === "error";
}

/** `rules/api.yaml:12:5: …` */
export function sentenceOf({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** By file, then from top to bottom. */
export function inReadingOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    (a, b) => (a.file < b.file ? -1 : Number(a.file > b.file)) || a.line - b.line || a.column - b.column,
  );
}
