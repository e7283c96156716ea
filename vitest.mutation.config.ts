import { defineConfig } from "vitest/config";

/** The tests of the pure core and of nothing else: quick, and without programs or ports. */
export default defineConfig({
  test: {
    include: [
      "test/{engine,decisions}/**/*.test.ts",
      "test/releases/{blame,clock,guard,standing,script-snapshot,deployment-*,group-*,gitops-*,statefulset-*,blue-green-*}.test.ts",
      "test/signals/{classify,reduce}.test.ts",
      "test/verification/judge.test.ts",
    ],
    exclude: ["**/promtool.test.ts", "**/*.cluster.test.ts"],
    env: { PROPERTY_SHARE: "0.1" },
  },
});
