/**
 * Checks the direction of imports: `node scripts/check-imports.ts [FOLDER]`, where FOLDER (here by default) has a
 * `src` and a `tsconfig.json`. Exit 1 when a rule of .dependency-cruiser.mjs is broken, or when nothing was read:
 * a check that saw no file must not pass.
 */
import { resolve } from "node:path";
import { cruise, type ICruiseResult, type IViolation } from "dependency-cruiser";
import extractOptions from "dependency-cruiser/config-utl/extract-depcruise-options";

const options = await extractOptions(resolve(import.meta.dirname, "../.dependency-cruiser.mjs"));
process.chdir(process.argv[2] ?? ".");
const { output } = await cruise(["src"], options);
process.exitCode = report(output as ICruiseResult);

function report({ modules, summary }: ICruiseResult): 0 | 1 {
  const files = modules.filter((module) => module.source.startsWith("src/"));
  const imports = files.reduce((sum, file) => sum + file.dependencies.length, 0);
  if (files.length === 0 || imports === 0) {
    console.error(
      `imports: read ${files.length} files and ${imports} imports under src; this proves nothing`,
    );
    return 1;
  }
  const why = new Map(summary.ruleSetUsed?.forbidden?.map((rule) => [rule.name, rule.comment]));
  for (const violation of summary.violations) {
    console.error(`imports: ${sentence(violation)}\n         ${why.get(violation.rule.name)}\n`);
  }
  const wrong = summary.violations.length;
  const verdict = wrong === 0 ? "all in the right direction" : `${wrong} in the wrong direction`;
  console.log(`imports: ${imports} imports of ${files.length} files: ${verdict}`);
  return wrong === 0 ? 0 : 1;
}

function sentence({ rule, from, to, cycle, via }: IViolation): string {
  const steps = cycle ?? via ?? [{ name: to }];
  return `${rule.name}: ${[from, ...steps.map(({ name }) => name)].join(" → ")}`;
}
