import { formatDuration, formatValue } from "../../src/engine/format.ts";
import type { TriggerState } from "../../src/engine/trigger-status.ts";
import type { Policy, Trigger } from "../../src/rules/policy.ts";
import { breaches } from "../../src/rules/threshold.ts";
import type { Terminal } from "./terminal.ts";
import type { TriggerView, View } from "./view.ts";

/** The values that a trigger was seen with, oldest first; undefined where it had none. */
export type Seen = ReadonlyMap<string, readonly (number | undefined)[]>;

type Paint = Terminal["paint"];

const COLOR = {
  inactive: "green",
  pending: "yellow",
  firing: "red",
  unknown: "magenta",
} as const satisfies Record<TriggerState, string>;
const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const WIDTHS = { name: 12, state: 9, value: 8, threshold: 13 } as const;
/** The longest window that is drawn. */
const CHART = 30;

/** One line a trigger, below a line of titles: state, value, threshold, the window as bars, time to fire. */
export function statusTable(
  policy: Policy,
  view: View,
  seen: Seen,
  screen: { at: number; paint: Paint },
): string[] {
  const { paint } = screen;
  const titles = `${cells(["trigger", "state", "value", "threshold"])}  ${"window".padEnd(CHART)}`;
  const rows = policy.triggers.flatMap((trigger) => {
    const shown = triggersOf(view).find((each) => each.trigger === trigger.name);
    return shown === undefined ? [] : [row(trigger, shown, seen.get(trigger.name) ?? [], screen)];
  });
  return [paint("dim", titles), ...rows];
}

/** The same on one line, for where nothing can be drawn. */
export function statusLine(policy: Policy, view: View, at: number): string {
  const parts = policy.triggers.flatMap((trigger) => {
    const shown = triggersOf(view).find((each) => each.trigger === trigger.name);
    if (shown === undefined) return [];
    const ahead = outlook(shown, at);
    const more = ahead === "" ? "" : ` (${thresholdText(trigger)}: ${ahead})`;
    return [`${trigger.name} ${shown.state} ${valueText(trigger, shown.value)}${more}`];
  });
  return parts.join(" | ");
}

export function triggersOf(view: View): readonly TriggerView[] {
  return view.policies.flatMap(({ triggers }) => triggers);
}

function row(
  trigger: Trigger,
  shown: TriggerView,
  seen: readonly (number | undefined)[],
  { at, paint }: { readonly at: number; readonly paint: Paint },
): string {
  const color = COLOR[shown.state];
  const name = trigger.name.padEnd(WIDTHS.name);
  const state = paint(color, shown.state.padEnd(WIDTHS.state));
  const numbers = [
    valueText(trigger, shown.value).padStart(WIDTHS.value),
    thresholdText(trigger).padEnd(WIDTHS.threshold),
  ].join("  ");
  const width = Math.min(CHART, shown.window.size);
  const drawn = seen.slice(-width);
  const window = drawn.map((value) => mark(trigger, value, drawn, paint)).join("");
  const rest = " ".repeat(CHART - drawn.length);
  return `${name}  ${state}  ${numbers}  ${window}${rest}  ${paint(color, outlook(shown, at))}`;
}

function cells([name = "", state = "", value = "", threshold = ""]: readonly string[]): string {
  return [
    name.padEnd(WIDTHS.name),
    state.padEnd(WIDTHS.state),
    value.padStart(WIDTHS.value),
    threshold.padEnd(WIDTHS.threshold),
  ].join("  ");
}

/** Bars from zero to the threshold at half height, or to the highest value where that is more; a tick a probe. */
function mark(
  trigger: Trigger,
  value: number | undefined,
  all: readonly (number | undefined)[],
  paint: Paint,
): string {
  if (value === undefined) return paint("magenta", "·");
  if (trigger.kind === "health") return value === 1 ? paint("green", "✓") : paint("red", "✗");
  const top = Math.max(2 * trigger.threshold.value, ...all.map((each) => each ?? 0));
  const bar = BARS[Math.min(BARS.length - 1, Math.floor((value / top) * BARS.length))] ?? "·";
  return paint(breaches(trigger.threshold, value) ? "red" : "green", bar);
}

function valueText(trigger: Trigger, value: number | undefined): string {
  if (value === undefined) return "?";
  if (trigger.kind === "health") return value === 1 ? "passes" : "fails";
  if (trigger.query.kind === "ratio") return `${(value * 100).toFixed(1)}%`;
  return trigger.threshold.text.endsWith("s") ? formatDuration(value * 1000) : formatValue(value);
}

function thresholdText(trigger: Trigger): string {
  return trigger.kind === "health"
    ? `${trigger.failures} failures`
    : `${trigger.threshold.op} ${trigger.threshold.text}`;
}

function outlook({ state, firesAt, window }: TriggerView, at: number): string {
  const share = `${window.breaching} of ${window.size}`;
  switch (state) {
    case "pending":
      return firesAt === undefined ? share : `${share}, fires in ${secondsUntil(firesAt, at)} s`;
    case "firing":
      return `${share}: fires`;
    case "inactive":
    case "unknown":
      return "";
  }
}

function secondsUntil(instant: string, at: number): number {
  return Math.max(0, Math.round((Date.parse(instant) - at) / 1000));
}
