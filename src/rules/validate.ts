import { Ajv } from "ajv";
import type { ErrorObject } from "ajv";
import type { Path, RulesDocument } from "./document.ts";
import { explain } from "./explain.ts";
import type { Problem } from "./problem.ts";
import { RulesFileSchema } from "./schema.ts";
import type { RulesFile } from "./schema.ts";

/** Whether the file has the shape of the schema, and where it has not. */
export interface Validation {
  readonly problems: readonly Problem[];
  /** The whole file with its defaults; undefined unless there is no problem at all. */
  readonly rules: RulesFile | undefined;
  /** Its policies with their defaults, whatever their shape, for checks that look at one part of them. */
  readonly policies: readonly unknown[];
  /** True where a value at or below `path` has the wrong shape, so that its meaning cannot be judged. */
  readonly isBroken: (path: Path) => boolean;
}

// `useDefaults` fills the data in while it is checked. Two types for one value are meant: thresholds.
const validateShape = new Ajv({
  allErrors: true,
  useDefaults: true,
  verbose: true,
  strictTypes: false,
}).compile<RulesFile>(RulesFileSchema);

/** Checks a file against the schema. Never throws. */
export function validate(document: RulesDocument): Validation {
  const filled = document.toData();
  const valid = validateShape(filled);
  const errors = [...(validateShape.errors ?? [])].map((error) => ({
    error,
    path: pathOf(error.instancePath),
  }));
  const problems = errors.flatMap(({ error, path }) => explain(document, error, path) ?? []);
  const broken = errors
    .filter(({ error }) => error.keyword !== "additionalProperties")
    .map(({ path }) => path);
  return {
    problems: distinct(valid || problems.length > 0 ? problems : [unexplained(document, errors)]),
    rules: valid ? filled : undefined,
    policies: listAt(filled, "policies"),
    isBroken: (path) => broken.some((at) => path.every((step, index) => String(step) === String(at[index]))),
  };
}

/** The items of a list that may not be there; an item that is no map becomes an empty one. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  const list =
    typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return Array.isArray(list)
    ? list.map((item: unknown) => (typeof item === "object" ? (item ?? {}) : {}))
    : [];
}

function pathOf(pointer: string): Path {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Never to be seen; without it a file could be refused in silence. */
function unexplained(
  document: RulesDocument,
  errors: readonly { readonly error: ErrorObject; readonly path: Path }[],
): Problem {
  const [first] = errors;
  return {
    file: document.file,
    ...document.locate(first?.path ?? []),
    severity: "error",
    rule: "wrong-value",
    message: `This does not fit the schema: ${first?.error.message ?? "no reason given"}.`,
  };
}

function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((each) => [JSON.stringify(each), each])).values()];
}
