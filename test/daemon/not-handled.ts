import type { RunningPolicy } from "../../src/daemon/run-policy.ts";
import { NO_REPORTS } from "../../src/signals/image-report.ts";

/** For a running policy that nobody asks anything of. */
export const NOT_HANDLED: Omit<RunningPolicy, "policy" | "carried"> = {
  watch: {
    current: () => ({ ok: false, reason: "unknown-version", detail: "" }),
    reread: async () => ({ ok: false, reason: "unknown-version", detail: "" }),
    onChange: () => () => undefined,
    stop: async () => undefined,
  },
  reports: () => NO_REPORTS,
  begin: async () => true,
  reconsider: () => undefined,
  mayDecide: () => true,
  overdueMs: () => 0,
  retire: async () => undefined,
  stop: async () => undefined,
};
