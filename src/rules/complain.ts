import type { Path, Position, RulesDocument } from "./document.ts";
import type { Problem, ProblemRule, ProblemSeverity } from "./problem.ts";

/** Tells of a problem with the value (or, with `key`, with the key) at a path of the file. */
export interface Complain {
  (path: Path, rule: ProblemRule, message: string, severity?: ProblemSeverity): void;
  readonly key: (path: Path, rule: ProblemRule, message: string) => void;
  /** About one character of the text at `path`. */
  readonly inText: (
    path: Path,
    index: number,
    finding: Pick<Problem, "rule" | "message"> & { readonly severity?: ProblemSeverity },
  ) => void;
}

/** Collects into `problems`; without a severity it is an error. */
export function complainTo(document: RulesDocument, problems: Problem[]): Complain {
  const add = (at: Position, rule: ProblemRule, message: string, severity: ProblemSeverity = "error") =>
    void problems.push({ file: document.file, ...at, severity, rule, message });
  const complain = (path: Path, rule: ProblemRule, message: string, severity?: ProblemSeverity) => {
    add(document.locate(path), rule, message, severity);
  };
  const more: Pick<Complain, "key" | "inText"> = {
    key: (path, rule, message) => {
      add(document.locateKey(path), rule, message);
    },
    inText: (path, index, { rule, message, severity }) => {
      add(document.locateInText(path, index), rule, message, severity);
    },
  };
  return Object.assign(complain, more);
}
