import { defineConfig } from "vitest/config";
import { closingLine } from "./scripts/closing-line.ts";

const CLUSTER_TESTS = ["test/cluster/**/*.test.ts", "test/**/*.cluster.test.ts"];

export default defineConfig({
  test: {
    reporters: ["default", closingLine],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: CLUSTER_TESTS,
          // Some start real programs, on two cores that others use, too.
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: "cluster",
          include: CLUSTER_TESTS,
          // One Kubernetes control plane for all of these files, started only when one of them runs.
          globalSetup: ["test/cluster/setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Rollouts are timed against real processes: files that compete for two cores would measure each other.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
