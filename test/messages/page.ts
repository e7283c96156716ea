import { DEFAULT_STATUS_PAGE, fillIn } from "../../src/rules/status-page.ts";
import type { Shown } from "./shown.ts";

const VALUES = { policy: "vcci-api", from: "1.4.2", to: "1.4.1", started: "2026-03-02 10:05 UTC" };

/** What the users of the service read. */
export function onStatusPage(): readonly Shown[] {
  const { titles, texts } = DEFAULT_STATUS_PAGE;
  return Object.entries({ ...titles, ...texts }).map(([name, text]) => ({
    group: "Status page (for users)",
    name,
    text: fillIn(text, VALUES),
    isNews: true as const,
  }));
}
