import type { Position } from "./document.ts";
import type { Problem, ProblemRule } from "./problem.ts";
import type { RulesReading } from "./reading.ts";

/** As much of a policy as has its right shape: mistakes elsewhere in it must not hide a clash. */
interface Sketch {
  readonly file: string;
  readonly name: string | undefined;
  /** The keys of what it would act on. */
  readonly actsOn: readonly string[];
  readonly nameAt: Position;
  readonly targetAt: Position;
}

/** What is wrong between policies, also of different files. Each problem names both places. */
export function acrossFiles(readings: readonly RulesReading[]): readonly Problem[] {
  const clashes = clashesOf(readings);
  return [
    ...clashes
      .filter(({ by }) => by === "name")
      .map(({ first, second }) =>
        problem(
          second,
          "duplicate-name",
          `There is already a policy \`${second.name}\`, at ${place(first)}. Rename one.`,
        ),
      ),
    ...clashes
      .filter(({ by }) => by === "target")
      .map(({ first, second, key }) =>
        problem(
          second,
          "target",
          `\`${first.name}\` at ${place(first)} already acts on ${key}. Only one policy may act on a ` +
            "target: move the triggers there, or set one of the two to `mode: observe`.",
        ),
      ),
  ];
}

/** Two policies that cannot both be in force: they have one name, or both act on one target. */
interface Clash extends Repeated {
  readonly by: "name" | "target";
}

/** In the order of the files. */
export function clashesOf(readings: readonly RulesReading[]): readonly Clash[] {
  const sketches = readings.flatMap(sketch);
  const names = repeated(sketches, ({ name }) => (name === undefined ? [] : [name]));
  const targets = repeated(sketches, ({ actsOn }) => actsOn);
  return [
    ...names.map(({ first, second, key }) => ({ first, second, key, by: "name" as const })),
    ...targets
      .filter(({ first, second }) => first.name !== second.name)
      .map(({ first, second, key }) => ({ first, second, key, by: "target" as const })),
  ];
}

function sketch({ file, document, written }: RulesReading): readonly Sketch[] {
  if (document === undefined) {
    return [];
  }
  return written.map((value, index) => {
    const { name, mode, target } = fields(value);
    const { namespace, deployments, statefulsets, service } = fields(target);
    const named = [
      ...texts(deployments),
      ...texts(statefulsets).map((one) => `statefulset/${one}`),
      ...texts([service]).map((one) => `service/${one}`),
    ];
    const places = typeof namespace === "string" ? named.map((one) => `${namespace}/${one}`) : [];
    return {
      file,
      name: typeof name === "string" ? name : undefined,
      actsOn: mode === "observe" ? [] : [...new Set(places)],
      nameAt: document.locate(["policies", index, "name"]),
      targetAt: document.locate(["policies", index, "target"]),
    };
  });
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

interface Repeated {
  readonly first: Sketch;
  readonly second: Sketch;
  readonly key: string;
}

/** Every policy with a key that was seen before, with the first that had it. */
function repeated(
  sketches: readonly Sketch[],
  keys: (policy: Sketch) => readonly string[],
): readonly Repeated[] {
  const seen = new Map<string, Sketch>();
  const found: Repeated[] = [];
  for (const second of sketches) {
    for (const key of keys(second)) {
      const first = seen.get(key);
      if (first === undefined) seen.set(key, second);
      else found.push({ first, second, key });
    }
  }
  return found;
}

/** `rules/api.yaml:2` */
export function place({ file, nameAt }: Pick<Sketch, "file" | "nameAt">): string {
  return `${file}:${nameAt.line}`;
}

function problem(
  { file, nameAt, targetAt }: Sketch,
  rule: Extract<ProblemRule, "duplicate-name" | "target">,
  message: string,
): Problem {
  return { file, ...(rule === "target" ? targetAt : nameAt), severity: "error", rule, message };
}
