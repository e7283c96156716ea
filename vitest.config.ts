import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { closingLine } from "./scripts/closing-line.ts";

const CLUSTER_TESTS = ["test/cluster/**/*.test.ts", "test/**/*.cluster.test.ts"];

/**
 * Most tests wait: for a slot, a scrape, a rollout. So two files for each core run at a time, those on the
 * cluster first, for they take longest. Each has a namespace, ports and addresses of its own.
 */
const WORKERS = 2 * availableParallelism();

export default defineConfig({
  test: {
    reporters: ["default", closingLine],
    globalSetup: ["test/support/program-setup.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: CLUSTER_TESTS,
          // Some start real programs, on two cores that others use, too. Only a test that fails waits so long.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: WORKERS,
        },
      },
      {
        test: {
          name: "cluster",
          include: CLUSTER_TESTS,
          // One Kubernetes control plane for all of these files, started only when one of them runs.
          globalSetup: ["test/cluster/setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: WORKERS,
        },
      },
    ],
  },
});
