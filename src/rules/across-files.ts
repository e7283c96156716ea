import type { Position } from "./document.ts";
import type { Problem, ProblemRule } from "./problem.ts";
import type { RulesReading } from "./reading.ts";

/** As much of a policy as has its right shape: mistakes elsewhere in it must not hide a clash. */
interface Sketch {
  readonly file: string;
  readonly name: string | undefined;
  /** The Deployment that it would act on. */
  readonly actsOn: string | undefined;
  readonly nameAt: Position;
  readonly targetAt: Position;
}

/** What is wrong between policies, also of different files. Each problem names both places. */
export function acrossFiles(readings: readonly RulesReading[]): readonly Problem[] {
  const sketches = readings.flatMap(sketch);
  return [
    ...repeated(sketches, ({ name }) => name).map(([first, second]) =>
      problem(
        second,
        "duplicate-name",
        `There is already a policy \`${second.name}\`, at ${place(first)}. Rename one.`,
      ),
    ),
    ...repeated(sketches, ({ actsOn }) => actsOn)
      .filter(([first, second]) => first.name !== second.name)
      .map(([first, second]) =>
        problem(
          second,
          "target",
          `\`${first.name}\` at ${place(first)} already acts on ${second.actsOn}. Only one policy may act on a ` +
            "target: move the triggers there, or set one of the two to `mode: observe`.",
        ),
      ),
  ];
}

function sketch({ file, document, written }: RulesReading): readonly Sketch[] {
  if (document === undefined) {
    return [];
  }
  return written.map((value, index) => {
    const { name, mode, target } = fields(value);
    const { namespace, deployments } = fields(target);
    const deployment: unknown = Array.isArray(deployments) ? deployments[0] : undefined;
    const named = typeof namespace === "string" && typeof deployment === "string";
    return {
      file,
      name: typeof name === "string" ? name : undefined,
      actsOn: named && mode !== "observe" ? `${namespace}/${deployment}` : undefined,
      nameAt: document.locate(["policies", index, "name"]),
      targetAt: document.locate(["policies", index, "target"]),
    };
  });
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Every policy whose key was seen before, with the first that had it. */
function repeated(
  sketches: readonly Sketch[],
  key: (policy: Sketch) => string | undefined,
): readonly (readonly [Sketch, Sketch])[] {
  const first = new Map<string, Sketch>();
  const pairs: (readonly [Sketch, Sketch])[] = [];
  for (const policy of sketches) {
    const value = key(policy);
    const earlier = value === undefined ? undefined : first.get(value);
    if (earlier !== undefined) {
      pairs.push([earlier, policy]);
    } else if (value !== undefined) {
      first.set(value, policy);
    }
  }
  return pairs;
}

function place({ file, nameAt }: Sketch): string {
  return `${file}:${nameAt.line}`;
}

function problem(
  { file, nameAt, targetAt }: Sketch,
  rule: Extract<ProblemRule, "duplicate-name" | "target">,
  message: string,
): Problem {
  return { file, ...(rule === "target" ? targetAt : nameAt), severity: "error", rule, message };
}
