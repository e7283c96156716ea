import { formatMeasured } from "../../src/text/format.ts";
import type { TriggerState } from "../../src/engine/trigger-status.ts";
import type { Policy, Trigger } from "../../src/rules/policy.ts";
import { breaches } from "../../src/rules/threshold.ts";
import type { Terminal } from "./terminal.ts";
import type { TriggerView, View } from "./view.ts";

/** The values that a trigger was seen with, oldest first; undefined where it had none. */
export type Seen = ReadonlyMap<string, readonly (number | undefined)[]>;

const COLOR = {
  inactive: "green",
  pending: "yellow",
  firing: "red",
  unknown: "magenta",
} as const satisfies Record<TriggerState, string>;
const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const WIDTHS = [11, 8, 6, 12] as const;
const GAP = "  ";
/** What the columns before the window take, and the shortest text after it. */
const BESIDE_WINDOW = 45 + 16;
const SHORTEST_WINDOW = 8;
/** From this width on there is room to say how much of the window breaches. */
const ROOMY = 100;

export interface Screen {
  /** Now, epoch ms. */
  readonly at: number;
  readonly columns: number;
  readonly paint: Terminal["paint"];
}

/** One line a trigger, below a line of titles: state, value, threshold, the window as bars, time to fire. */
export function statusTable(policy: Policy, view: View, seen: Seen, screen: Screen): readonly string[] {
  const shown = triggersOf(view);
  const windows = shown.map(({ window }) => window.size);
  const width = Math.max(SHORTEST_WINDOW, Math.min(screen.columns - BESIDE_WINDOW, Math.max(...windows)));
  const rows = policy.triggers.flatMap((trigger) => {
    const status = shown.find((each) => each.trigger === trigger.name);
    return status === undefined
      ? []
      : [row(trigger, status, seen.get(trigger.name) ?? [], { ...screen, width })];
  });
  const titles = [...cells(["trigger", "state", "value", "threshold"]), "window".padEnd(width)].join(GAP);
  return [screen.paint("dim", titles), ...rows];
}

/** The same on one line, for where nothing can be drawn. */
export function statusLine(policy: Policy, view: View, at: number): string {
  const parts = policy.triggers.flatMap((trigger) => {
    const shown = triggersOf(view).find((each) => each.trigger === trigger.name);
    if (shown === undefined) return [];
    const ahead = roomyOutlook(shown, at);
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
  status: TriggerView,
  seen: readonly (number | undefined)[],
  { at, columns, paint, width }: Screen & { readonly width: number },
): string {
  const color = COLOR[status.state];
  const [name, state = "", ...numbers] = cells([
    trigger.name,
    status.state,
    valueText(trigger, status.value),
    thresholdText(trigger),
  ]);
  const drawn = seen.slice(-Math.min(width, status.window.size));
  const window = drawn.map((value) => mark(trigger, value, drawn, paint)).join("");
  const ahead = columns < ROOMY ? outlook(status, at) : roomyOutlook(status, at);
  return [
    name,
    paint(color, state),
    ...numbers,
    window + " ".repeat(width - drawn.length),
    paint(color, ahead),
  ].join(GAP);
}

/** Padded to the columns' widths. */
function cells(texts: readonly string[]): readonly string[] {
  return texts.map((text, index) => text.padEnd(WIDTHS[index] ?? 0));
}

/** Bars from zero to the threshold at half height, or to the highest value where that is more; a tick a probe. */
function mark(
  trigger: Trigger,
  value: number | undefined,
  all: readonly (number | undefined)[],
  paint: Screen["paint"],
): string {
  if (value === undefined) return paint("magenta", "·");
  if (trigger.kind === "health") return value === 1 ? paint("green", "✓") : paint("red", "✗");
  if (trigger.kind !== "metric") return value === 0 ? paint("green", "✓") : paint("red", "✗");
  const top = Math.max(2 * trigger.threshold.value, ...all.map((each) => each ?? 0));
  const bar = BARS[Math.min(BARS.length - 1, Math.floor((value / top) * BARS.length))] ?? "·";
  return paint(breaches(trigger.threshold, value) ? "red" : "green", bar);
}

function valueText(trigger: Trigger, value: number | undefined): string {
  if (value === undefined) return "?";
  if (trigger.kind === "health") return value === 1 ? "passes" : "fails";
  if (trigger.kind === "rollout") return value === 0 ? "moves" : "stalled";
  if (trigger.kind === "vulnerability") return `${value} found`;
  return formatMeasured(value, trigger.threshold);
}

function thresholdText(trigger: Trigger): string {
  if (trigger.kind === "rollout") return "stalled";
  if (trigger.kind === "vulnerability") return trigger.atLeast;
  return trigger.kind === "health"
    ? `${trigger.failures} failures`
    : `${trigger.threshold.op} ${trigger.threshold.text}`;
}

function outlook({ firesAt }: TriggerView, at: number): string {
  return firesAt === undefined ? "" : `fires in ${secondsUntil(firesAt, at)} s`;
}

/** With how much of the window breaches, where anything does. */
function roomyOutlook(status: TriggerView, at: number): string {
  const { state, window } = status;
  const share =
    state === "pending" || state === "firing" ? `${window.breaching} of ${window.size} slots` : "";
  return [outlook(status, at), share].filter((text) => text !== "").join(", ");
}

function secondsUntil(instant: string, at: number): number {
  return Math.max(0, Math.round((Date.parse(instant) - at) / 1000));
}
