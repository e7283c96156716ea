import { describe, expect, it } from "vitest";
import { statusLine, statusTable } from "../../scripts/demo/status-table.ts";
import type { TriggerView, View } from "../../scripts/demo/view.ts";
import { healthTrigger, metricTrigger, policy, TEN } from "../support/model.ts";

const ratio = metricTrigger({ query: { kind: "ratio", errors: "e", total: "t", minTotal: 1 } });
const vcci = policy({ triggers: [ratio, healthTrigger()] });
const at = new Date(TEN).toISOString();

function view(error: Partial<TriggerView>): View {
  const window = { size: 8, known: 8, breaching: 3 };
  return {
    policies: [
      {
        triggers: [
          { trigger: "error-rate", state: "pending", at, value: 0.25, window, ...error },
          { trigger: "health", state: "inactive", at, value: 1, window: { size: 3, known: 3, breaching: 0 } },
        ],
      },
    ],
  };
}

const seen = new Map([
  ["error-rate", [0, 0.01, undefined, 0.05, 0.06, 0.25]],
  ["health", [0, 1, 1, 1]],
]);
const table = (columns: number, error: Partial<TriggerView> = {}): readonly string[] =>
  statusTable(vcci, view(error), seen, {
    at: TEN,
    columns,
    paint: (style, text) => (text === "·" || style === "red" ? `<${text}>` : text),
  });

describe("the table of the demo", () => {
  it("draws what breaches in red, what is unknown as a dot, and exactly the threshold as healthy", () => {
    expect(table(120)[1]).toContain("▁▁<·>▂<▂><█>");
  });

  it("draws probes of the window, passed or failed", () => {
    expect(table(120)[2]).toContain("✓✓✓");
  });

  it("says when a pending trigger fires, in 80 columns, too", () => {
    const rows = table(80, { firesAt: new Date(TEN + 5000).toISOString() });
    expect(rows[1]).toContain("fires in 5 s");
    expect(Math.max(...rows.map((row) => row.replaceAll(/[<>]/g, "").length))).toBeLessThanOrEqual(78);
  });

  it("without a terminal says the same on one line", () => {
    const line = statusLine(vcci, view({ firesAt: new Date(TEN + 5000).toISOString() }), TEN);
    expect(line).toBe(
      "error-rate pending 25 % (above 5%: fires in 5 s, 3 of 8 slots) | health inactive passes",
    );
  });
});
