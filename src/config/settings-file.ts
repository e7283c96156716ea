import { readFileSync } from "node:fs";
import { LineCounter, type Pair, isMap, isNode, isScalar, parseDocument } from "yaml";
import { hint } from "../rules/suggest.ts";
import { VARIABLES } from "./schema.ts";
import { SettingsError } from "./settings-error.ts";

/**
 * The values of `--config FILE` by dotted key. A file that cannot be read or holds an unknown key is a
 * SettingsError; whether the values are right is judged later, when all sources are known.
 */
export function readSettingsFile(file: string): ReadonlyMap<string, unknown> {
  const lines = new LineCounter();
  const yaml = parseDocument(read(file), { lineCounter: lines });
  const at = (offset: number): string => `${file}:${lines.linePos(offset).line}`;
  const problems = yaml.errors.map(({ pos, message }) => `${at(pos[0])}: ${message.split("\n")[0]}`);
  const values = new Map<string, unknown>();
  const visit = (prefix: string, pairs: readonly Pair[]): void => {
    for (const { key, value } of pairs) {
      const name = `${prefix}${String(key)}`;
      const place = at(isScalar(key) ? (key.range?.[0] ?? 0) : 0);
      if (VARIABLES.has(name)) {
        if (isMap(value)) problems.push(`${place}: ${name} is one value, not keys of its own`);
        else values.set(name, isNode(value) ? value.toJS(yaml) : value);
      } else if (!isGroup(name)) {
        problems.push(unknownKey(place, name));
      } else if (isMap(value)) {
        visit(`${name}.`, value.items);
      } else if (isScalar(value) ? value.value !== null : value !== null) {
        problems.push(`${place}: ${name} holds keys of its own, not a value`);
      }
    }
  };
  if (isMap(yaml.contents)) {
    visit("", yaml.contents.items);
  } else if (yaml.contents !== null && problems.length === 0) {
    problems.push(
      `${file}: expected keys such as \`rules:\` or \`prometheus:\`; config/default.yaml shows all`,
    );
  }
  if (problems.length > 0) {
    throw new SettingsError(problems);
  }
  return values;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SettingsError([`cannot read the file of --config: ${(error as Error).message}`]);
  }
}

function isGroup(name: string): boolean {
  return [...VARIABLES.keys()].some((key) => key.startsWith(`${name}.`));
}

function unknownKey(place: string, name: string): string {
  return `${place}: unknown key \`${name}\`.${hint(name, [...VARIABLES.keys()])} config/default.yaml shows all keys.`;
}
