import type { Reporter, TestModule } from "vitest/node";

/** Vitest reporter: names every test that could not run, and ends the run with one line that scripts can read. */
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
    const failed = count.failed + count.pending + modules.filter(couldNotLoad).length;
    process.stdout.write(`tests: ${count.passed} passed, ${failed} failed, ${count.skipped} skipped\n`);
  },
};

/** Such a file has no tests to count, yet it is a failure. */
function couldNotLoad(module: TestModule): boolean {
  return module.state() === "failed" && module.errors().length > 0;
}
