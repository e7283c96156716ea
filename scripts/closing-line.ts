import type { Reporter, TestModule } from "vitest/node";

const SLOWEST = 10;

/**
 * Vitest reporter: names every test that could not run and the files that took longest, and ends the
 * run with one line that scripts can read.
 */
export const closingLine: Reporter = {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const test of tests) {
      const { state } = test.result();
      count[state] += 1;
      if (state === "skipped") {
        process.stdout.write(`skipped: ${test.module.relativeModuleId} > ${test.fullName}\n`);
      }
    }
    process.stdout.write(slowest(modules));
    const failed = count.failed + count.pending + modules.filter(couldNotLoad).length;
    process.stdout.write(`tests: ${count.passed} passed, ${failed} failed, ${count.skipped} skipped\n`);
  },
};

/** Files share the cores, so these seconds are of waiting for one's turn, too. */
function slowest(modules: readonly TestModule[]): string {
  return modules
    .map((module) => ({ file: module.relativeModuleId, seconds: module.diagnostic().duration / 1_000 }))
    .filter(({ seconds }) => seconds >= 1)
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST)
    .map(({ file, seconds }) => `slow: ${seconds.toFixed(1).padStart(5)} s ${file}\n`)
    .join("");
}

/** Such a file has no tests to count, yet it is a failure. */
function couldNotLoad(module: TestModule): boolean {
  return module.state() === "failed" && module.errors().length > 0;
}
