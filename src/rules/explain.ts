import type { ErrorObject } from "ajv";
import type { Path, RulesDocument } from "./document.ts";
import { isPlanned, plannedMessage } from "./planned.ts";
import type { Problem, ProblemRule } from "./problem.ts";
import { hint } from "./suggest.ts";

/** A schema error in words an author can act on; undefined for one that only repeats another. */
export function explain(document: RulesDocument, error: ErrorObject, path: Path): Problem | undefined {
  const problem = (at: "key" | "value", rule: ProblemRule, message: string, where = path): Problem => ({
    file: document.file,
    ...(at === "key" ? document.locateKey(where) : document.locate(where)),
    severity: "error",
    rule,
    message,
  });
  switch (error.keyword) {
    case "additionalProperties":
      return unknownKey(error, path, problem);
    case "required":
      return isAlternative(error)
        ? undefined
        : problem(
            "value",
            "missing-key",
            `${subject(path)} needs \`${String(error.params.missingProperty)}\`.`,
          );
    case "oneOf":
      return alternatives(document, path, problem);
    case "enum":
      return problem("value", ...wrongWord(error));
    default:
      return problem("value", "wrong-value", `${subject(path)} ${expectation(error)}`);
  }
}

type MakeProblem = (at: "key" | "value", rule: ProblemRule, message: string, where?: Path) => Problem;

function unknownKey(error: ErrorObject, path: Path, problem: MakeProblem): Problem {
  const key = String(error.params.additionalProperty);
  const where = [...path, key];
  if (isPlanned(key, path)) {
    return problem("key", "not-supported", plannedMessage(key), where);
  }
  const known = Object.keys((error.parentSchema?.properties ?? {}) as object);
  const meant = hint(key, known) || ` Known here: ${known.join(", ")}.`;
  return problem("key", "unknown-key", `${subject(path)} has no key \`${key}\`.${meant}`, where);
}

/** A `required` of one of several allowed shapes says nothing by itself: `oneOf` tells the whole. */
function isAlternative(error: ErrorObject): boolean {
  return error.schemaPath.includes("/oneOf/");
}

function alternatives(document: RulesDocument, path: Path, problem: MakeProblem): Problem | undefined {
  const written = Object.keys(valueAt(document.toData(), path) ?? {});
  if (written.some((key) => isPlanned(key, path))) {
    return undefined;
  }
  return path.at(-1) === "target"
    ? problem(
        "value",
        "target",
        "A target is either `namespace` with `deployments` or `statefulsets`, `namespace`, `service` and `colors`, for a " +
          "Service that switches between two Deployments, or `script: true`, for anything else.",
      )
    : problem(
        "value",
        "wrong-value",
        path.includes("checks")
          ? "A check needs exactly one of `ratio`, `expr`, `probe`, `command` and `alerts`."
          : "A trigger needs exactly one of `ratio`, `expr`, `probe`, `rollout` and `vulnerability`.",
      );
}

function wrongWord(error: ErrorObject): [ProblemRule, string] {
  const allowed = (error.params.allowedValues as unknown[]).map(String);
  const written = typeof error.data === "string" ? error.data : JSON.stringify(error.data);
  return [
    "wrong-value",
    `\`${written}\` is none of ${allowed.map((word) => `\`${word}\``).join(", ")}.${hint(written, allowed)}`,
  ];
}

function expectation(error: ErrorObject): string {
  const { title, examples } = (error.parentSchema ?? {}) as { title?: string; examples?: string[] };
  const such = suchAs(examples);
  switch (error.keyword) {
    case "type":
      return `must be a ${title ?? typeName(error.params.type)}${such}; here it is ${show(error.data)}.`;
    case "pattern":
      return `must be a ${title ?? "text"}${such}; here it is ${show(error.data)}.`;
    case "minLength":
    case "minItems":
    case "minProperties":
      return tooFew(Number(error.params.limit), error.data);
    case "maxProperties":
      return `takes only ${String(error.params.limit)} of its keys; here it is ${show(error.data)}.`;
    case "maxLength":
      return `has ${String(error.data).length} characters; ${String(error.params.limit)} are allowed.`;
    case "maxItems":
      return `can name ${String(error.params.limit)} at most; here it is ${show(error.data)}.`;
    case "uniqueItems":
      return "names the same thing twice. Name each once.";
    case "const":
      return `can only be \`${String(error.params.allowedValue)}\`; leave it out otherwise.`;
    default:
      return `${error.message ?? "has a wrong value"}; here it is ${show(error.data)}.`;
  }
}

function suchAs(examples: readonly string[] | undefined): string {
  return examples === undefined ? "" : `, such as ${examples.map((each) => `\`${each}\``).join(" or ")}`;
}

function tooFew(limit: number, data: unknown): string {
  return limit > 1 ? `needs ${limit} of them; here it is ${show(data)}.` : "must not be empty.";
}

function typeName(type: unknown): string {
  const names: Readonly<Record<string, string>> = { string: "text (quote it)", object: "map of keys" };
  return names[String(type)] ?? String(type).replace("array", "list");
}

function show(data: unknown): string {
  const text = data === null ? "empty" : `\`${typeof data === "string" ? data : JSON.stringify(data)}\``;
  return text.length > 60 ? `${text.slice(0, 57)}…\`` : text;
}

/** `\`for\`` for a value, "This trigger" for an item of a list. */
function subject(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) {
    return "The file";
  }
  if (!/^\d+$/.test(String(last))) {
    return `\`${last}\``;
  }
  const items: Readonly<Record<string, string>> = { policies: "This policy", triggers: "This trigger" };
  return items[String(path.at(-2))] ?? `An item of \`${String(path.at(-2))}\``;
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[step] : undefined,
    data,
  );
}
