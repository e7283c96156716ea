import type { Evidence } from "../decisions/decision.ts";
import type { DecisionRecord, LogRecord } from "../log/record.ts";
import { chart, range } from "../notifications/chart.ts";
import { AFTER_OVERTAKEN, failureText } from "../notifications/failure.ts";
import { reasonLine } from "../notifications/reason-line.ts";
import { revisionText } from "../releases/release.ts";
import { versionOf } from "../releases/version.ts";
import { contextLines } from "./log-context.ts";
import type { Io } from "./io.ts";
import { sentence } from "../report/sentence.ts";
import { formatDuration, formatThreshold } from "../text/format.ts";
import { visibleBlock, visibleDeep } from "../text/visible.ts";
import { paint, time, toneOf, wrap } from "./log-text.ts";
import { vulnerabilityText } from "../report/vulnerabilities.ts";

type Decision = DecisionRecord & LogRecord;
type Screen = Pick<Io, "color" | "columns">;

/** For programs: the decision, what a person had asked for, and everything that followed from it. `records`: all of it. */
export function decisionJson(decision: Decision, records: readonly LogRecord[]) {
  const asked = records.find((record) => record.type === "operator.rollback");
  return { decision, ...(asked && { asked }), later: records.filter(({ seq }) => seq > decision.seq) };
}

/** For a person who was just woken up: what, why, with which numbers, what was done, who knows, what now. */
export function decisionText(raw: Decision, rawRecords: readonly LogRecord[], io: Screen): string {
  const records = rawRecords.map(cleaned);
  const decision = cleaned(raw);
  const steps = records.filter(({ type }) => !type.startsWith("notification."));
  return [
    header(decision, io),
    ...decision.evidence.map((evidence) => evidenceText(evidence, evidence.trigger === decision.trigger, io)),
    ...changedSection(decision, io),
    section(
      "Steps",
      steps.map((step) => stepText(step, decision, io)),
      io,
    ),
    section("Told", tellings(records), io),
    section("Next", nextLines(decision, steps, io.columns), io),
  ].join("\n\n");
}

/** What a command printed keeps its lines. */
function cleaned<Record extends LogRecord>(record: Record): Record {
  const output = "output" in record && record.output !== undefined ? record.output : undefined;
  return { ...visibleDeep(record), ...(output !== undefined && { output: visibleBlock(output) }) };
}

function changedSection(decision: Decision, io: Screen): readonly string[] {
  const lines = contextLines(decision).map((line) => `  ${line}`);
  return lines.length === 0 ? [] : [section("Changed", lines, io)];
}

function header(decision: Decision, io: Screen): string {
  const { from, to, otherReasons, release } = decision;
  const rows = [
    ["at", time(decision.at)],
    ["policy", decision.policy],
    ["target", decision.target],
    ["release", release ?? "-"],
    ["reason", [decision.reason, ...otherReasons].join(", also ")],
    ...(from === undefined ? [] : [["from", revisionLine(from)]]),
    ...(to === undefined ? [] : [["to", revisionLine(to)]]),
    ["record", `${decision.seq}, ${decision.hash}`],
  ];
  return [
    paint(toneOf(decision), `${decision.decision.toUpperCase()} ${decision.decisionId}`, io),
    wrap(decision.summary, io.columns, 2),
    "",
    ...rows.map(([name = "", value = ""]) => `  ${name.padEnd(8)} ${value}`),
  ].join("\n");
}

function revisionLine({ revision, images = {}, digest }: NonNullable<Decision["from"]>): string {
  return `${revisionText({ name: revision, images })}, digest ${digest}`;
}

function evidenceText(evidence: Evidence, isCause: boolean, io: Screen): string {
  const { samples } = evidence;
  const unknown = samples.flatMap((sample) => ("unknown" in sample ? [sample.unknown] : []));
  const [first, last] = [samples[0], samples.at(-1)];
  const rows = [
    [
      "threshold",
      `${formatThreshold(evidence.threshold)}${evidence.forMs === 0 ? "" : ` for ${formatDuration(evidence.forMs)}`}`,
    ],
    ["query", evidence.query],
    ["answered", evidence.endpoint],
    ...(first === undefined || last === undefined
      ? []
      : [["window", `${clock(first.at)} to ${clock(last.at)}`]]),
    ["values", range(evidence)],
    ["", chart(evidence, Math.max(10, io.columns - 13))],
    ...listed("running", evidence.vulnerabilities),
    ...listed("way back", evidence.targetVulnerabilities),
    ...(unknown.length === 0 ? [] : [["unknown", [...new Set(unknown)].join(", ")]]),
  ];
  return [
    paint("bold", `${evidence.trigger}${isCause ? " (the trigger)" : ""}`, io),
    wrap(evidence.summary, io.columns, 2),
    ...rows.map(([name = "", value = ""]) => `  ${name.padEnd(10)} ${value}`.trimEnd()),
  ].join("\n");
}

/** Vulnerabilities, one a row. */
function listed(name: string, found: Evidence["vulnerabilities"]): readonly (readonly string[])[] {
  if (found === undefined) return [];
  if (found.length === 0) return [[name, "none of these"]];
  return found.map((each, index) => [
    index === 0 ? name : "",
    `${each.id} in ${each.image}: ${vulnerabilityText(each)}`,
  ]);
}

function stepText(step: LogRecord, decision: Decision, io: Screen): string {
  const ms = Date.parse(step.at) - Date.parse(decision.at);
  const after = `${ms < 0 ? "" : "+"}${formatDuration(ms)}`;
  const what = step.seq === decision.seq ? "" : sentence(step).replace(`[${decision.decisionId}] `, "");
  const more =
    "steps" in step && step.steps !== undefined ? step.steps.map((each) => `\n${" ".repeat(14)}${each}`) : [];
  const output = "output" in step && step.output !== undefined ? indented(step.output) : "";
  return `  ${after.padEnd(10)}  ${paint(toneOf(step), step.type, io)}  ${what}${more.join("")}${output}`.trimEnd();
}

function indented(output: string): string {
  const lines = output.trimEnd().split("\n");
  return lines.map((line) => `\n${" ".repeat(14)}| ${line}`).join("");
}

function tellings(records: readonly LogRecord[]): string[] {
  const queued = records.filter((record) => record.type === "notification.queued");
  return queued.map(({ notificationId, channel, event, at }) => {
    const end = records.find(
      (record) =>
        (record.type === "notification.delivered" || record.type === "notification.failed") &&
        record.notificationId === notificationId,
    );
    const how = end === undefined ? `queued ${time(at)}, not delivered yet` : `${endOf(end)} ${time(end.at)}`;
    return `  ${channel.padEnd(10)} ${event.padEnd(8)} ${how}`;
  });
}

function endOf(record: LogRecord): string {
  return record.type === "notification.failed" ? `failed (${record.error})` : "delivered";
}

function section(title: string, lines: readonly string[], io: Screen): string {
  return [paint("bold", title, io), ...(lines.length === 0 ? ["  nobody, nothing"] : lines)].join("\n");
}

/** A command stays in one line, to be copied. */
function nextLines(decision: Decision, steps: readonly LogRecord[], columns: number): readonly string[] {
  const last = steps.at(-1);
  if (last?.type !== "rollback.failed") return [wrap(nextStep(decision, last), columns, 2)];
  const { said, command } = failureSaid(decision, last.reason);
  const explained = reasonLine(last.reason);
  return [
    wrap(said, columns, 2),
    ...(explained === "" ? [] : [`  ${explained}`]),
    ...(command === "" ? [] : [`  ${command}`]),
  ];
}

/** What the page says, too. */
function failureSaid(
  decision: Decision,
  reason: string,
): { readonly said: string; readonly command: string } {
  const { target } = decision;
  const known = failureText(reason, target, decision);
  if (known !== undefined) {
    const { what, left, next, command } = known;
    return { said: `The rollback failed: ${what}. ${left} rollbackd does not try again. ${next}`, command };
  }
  const said =
    reason === "superseded"
      ? `${target} was changed by another person or tool; if a trigger still fires, ${AFTER_OVERTAKEN}`
      : `Look at ${target} and restore it by hand; rollbackd does not try again.`;
  return { said, command: "" };
}

function nextStep(decision: Decision, last: LogRecord | undefined): string {
  if (decision.decision !== "rollback") {
    return "Its summary says what to do; nothing was changed.";
  }
  return last?.type === "rollback.verified"
    ? `Find out what is wrong with ${decision.from === undefined ? "the release" : versionOf(decision.from, decision.to)}; rollbackd does not bring it back.`
    : "It is under way: `rollbackd log follow` shows how it goes on.";
}

function clock(at: number): string {
  return time(new Date(at).toISOString());
}
