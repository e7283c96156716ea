import type { Static } from "typebox";
import { revisionText } from "../releases/release.ts";
import type { POLICY } from "../server/schemas.ts";
import type { Io } from "./io.ts";
import { formatDuration, formatThreshold } from "../text/format.ts";
import { visibleDeep } from "../text/visible.ts";
import { sampleText } from "../notifications/chart.ts";
import { paint, time, type Tone } from "./log-text.ts";

/** One policy as the daemon answers it. */
export type PolicyStatus = Static<typeof POLICY>;

type Screen = Pick<Io, "color" | "columns" | "isTty" | "now">;
type Trigger = PolicyStatus["triggers"][number];

/** One policy for a person: what runs, what people and rollbackd do about it, and a line a trigger. */
export function statusText(raw: PolicyStatus, io: Screen): string {
  const policy = visibleDeep(raw);
  const { name, mode, target } = policy;
  const facts = [
    ...release(policy),
    ...sight(policy),
    ...people(policy),
    ...decided(policy),
    ...automation(policy),
  ];
  return [
    `${paint("bold", name, io)}  ${mode}  ${target}`,
    // Commands are there to be copied.
    ...facts.map(([label, text]) =>
      label === ASKS || label === UNDO ? factLine(label, text) : cut(factLine(label, text), io),
    ),
    ...triggerTable(policy.triggers, io),
  ].join("\n");
}

type Fact = readonly [label: string, text: string];

const ASKS = "asks";
const UNDO = "undo with";

function factLine(label: string, text: string): string {
  return `  ${label.padEnd(10)}  ${text}`;
}

function release({ release: it }: PolicyStatus): readonly Fact[] {
  if (it === undefined) return [];
  const { id, revision, images, standing, startedAt, guardedUntil, cause } = it;
  const how = cause === "rollback" ? "put back" : "since";
  const guard = guardedUntil === undefined ? "" : `, guarded until ${time(guardedUntil)}`;
  const what = revisionText({ name: revision, images });
  return [["release", `${id}: ${what}, ${standing}, ${how} ${time(startedAt)}${guard}`]];
}

function sight({ unseen, sight: it, evaluatedAt }: PolicyStatus): readonly Fact[] {
  return [
    ...(unseen === undefined ? [] : [["unseen", unseen] as const]),
    ...(it === "sighted" ? [] : [["blind", `since ${time(it.since)}: ${it.reason}`] as const]),
    ...(evaluatedAt === undefined ? [["evaluated", "not yet"] as const] : []),
  ];
}

function people({ frozen, pendingApproval: asked }: PolicyStatus): readonly Fact[] {
  return [
    ...(frozen?.freezes ?? []).map((each) => ["frozen", freezeText(each)] as const),
    ...(asked === undefined ? [] : [[ASKS, approval(asked)] as const]),
  ];
}

function freezeText({ holder, until, note }: NonNullable<PolicyStatus["frozen"]>["freezes"][number]): string {
  const end = until === undefined ? `until ${holder} resumes it` : `until ${time(until)}, by ${holder}`;
  return `${end}${note === undefined ? "" : `: ${note}`}`;
}

function approval({ decisionId, state, by, until }: NonNullable<PolicyStatus["pendingApproval"]>): string {
  return state === "approved"
    ? `${decisionId} is approved by ${by} and not done yet; it stands until ${time(until)}`
    : `until ${time(until)}: rollbackd approve ${decisionId} or rollbackd reject ${decisionId}`;
}

function decided({ decision, rollback }: PolicyStatus): readonly Fact[] {
  if (rollback !== undefined) {
    const { decisionId, from, to, startedAt, appliedAt } = rollback;
    const step = appliedAt === undefined ? `begun ${time(startedAt)}` : "done, and being verified";
    return [["rollback", `${decisionId} from ${from.revision} to ${to.revision}, ${step}`]];
  }
  // One to roll back has ended by now: what runs says how.
  if (decision === undefined || decision.decision === "rollback") return [];
  return [
    ["decision", `${decision.decisionId} ${decision.decision}, ${decision.reason}: ${decision.summary}`],
  ];
}

function automation({ automation: it, lastRollback: last }: PolicyStatus): readonly Fact[] {
  return [
    ...(it === undefined ? [] : [["may act", mayAct(it)] as const]),
    ...(last === undefined ? [] : [["last", lastRollback(last)] as const]),
    ...(last?.undo === undefined ? [] : [[UNDO, last.undo] as const]),
  ];
}

/** The instant and its rule first: a terminal may cut the rest. */
function mayAct({ from, until, asks, waits }: NonNullable<PolicyStatus["automation"]>): string {
  const ask = asks ? ", once a person approves" : "";
  const end = until === undefined ? "" : `, until ${time(until)}`;
  if (from === undefined) {
    const block = waits.find((wait) => wait.until === undefined) ?? waits[0];
    return block === undefined ? "not now" : `not now (${block.reason}): ${block.detail}`;
  }
  const last = waits.toSorted((a, b) => (a.until ?? "").localeCompare(b.until ?? "")).at(-1);
  return last === undefined ? `now${end}${ask}` : `from ${time(from)} (${last.detail})${end}${ask}`;
}

function lastRollback(last: NonNullable<PolicyStatus["lastRollback"]>): string {
  const { decisionId, trigger, by, from, to, endedAt, outcome, failure } = last;
  const how = outcome === "verified" ? "verified" : `failed (${failure})`;
  const why = by === undefined ? trigger : `by ${by}`;
  return `${decisionId} ${how}: ${from.revision} to ${to.revision}, ${why}, ${time(endedAt)}`;
}

const TONES: Readonly<Record<Trigger["state"], Tone>> = {
  inactive: "green",
  pending: "yellow",
  firing: "red",
  unknown: "yellow",
};

function triggerTable(triggers: readonly Trigger[], io: Screen): readonly string[] {
  if (triggers.length === 0) return [];
  const rows = triggers.map(
    (each) => [each.trigger, each.state, valueText(each), formatThreshold(each.threshold)] as const,
  );
  const titles = ["trigger", "state", "value", "threshold"] as const;
  const widths = titles.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[], more: string): string =>
    cut(`  ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}  ${more}`.trimEnd(), io);
  return [
    paint("dim", line(titles, "outlook"), io),
    ...triggers.map((each, at) => paint(TONES[each.state], line(rows[at] ?? [], outlook(each, io)), io)),
  ];
}

/** As its author thinks of it: in the unit of the threshold. */
function valueText({ value, ...evidence }: Trigger): string {
  return value === undefined ? "?" : sampleText(evidence, value);
}

function outlook({ state, reason, firesAt, window: { breaching, size } }: Trigger, { now }: Screen): string {
  const share = `${breaching} of ${size} slots`;
  switch (state) {
    case "inactive":
      return "";
    case "pending":
      return firesAt === undefined
        ? share
        : `fires in ${formatDuration(Math.max(0, 1_000 * Math.ceil((Date.parse(firesAt) - now()) / 1_000)))} if it lasts, ${share}`;
    case "firing":
      return share;
    case "unknown":
      return reason;
  }
}

/** To the width of a terminal; whole in a pipe. */
function cut(text: string, { isTty, columns }: Screen): string {
  return isTty && text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
}
