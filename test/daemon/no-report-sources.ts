import type { ReportSources } from "../../src/daemon/image-reports.ts";
import { NO_REPORTS } from "../../src/signals/image-report.ts";

/** For policies that ask nothing of images. */
export const NO_REPORT_SOURCES: ReportSources = {
  cluster: { join: () => ({ known: () => NO_REPORTS, leave: async () => undefined }) },
  posted: () => [],
};
