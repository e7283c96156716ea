import { formatDuration } from "../text/format.ts";
import { revisionText } from "../releases/release.ts";
import { versionOf } from "../releases/version.ts";
import type { LogRecord } from "../log/record.ts";
import { failureText } from "../notifications/failure.ts";
import { type Incident, instant, isOf, ofTypes, outcomeOf } from "./incident.ts";
import { code, link, list, plain, table } from "./markdown.ts";

/** The title, what happened in one paragraph, what must not be overlooked, and the facts to look up. */
export function summary(incident: Incident): string {
  return [
    `# ${title(incident)}`,
    paragraph(incident),
    ...dataWarning(incident),
    facts(incident),
    ...timings(incident),
  ].join("\n\n");
}

function title(incident: Incident): string {
  const { decision } = incident;
  const { target, from, to, manual, reason } = decision;
  const outcome = outcomeOf(incident);
  const by = manual === undefined ? "" : " by hand";
  const way = `${from === undefined ? "" : ` from ${versionOf(from, to)}`}${to === undefined ? "" : ` to ${versionOf(to, from)}`}`;
  if (outcome === "none") {
    return reason === "observe-mode"
      ? plain(`${target} would have been rolled back${way} (observe mode)`)
      : plain(`${target} was not rolled back (${reason})`);
  }
  if (outcome === "under-way") return plain(`${target} is being rolled back${by}${way}`);
  return outcome.type === "rollback.verified"
    ? plain(`${target} was rolled back${by}${way}, and it helped`)
    : plain(`The rollback of ${target}${by}${way} failed (${outcome.reason})`);
}

function paragraph(incident: Incident): string {
  const { decision } = incident;
  const said = [`On ${day(decision.at)} rollbackd decided: ${decision.summary}`, ending(incident)];
  return plain(said.filter((sentence) => sentence !== "").join(" "));
}

function day(at: string): string {
  return `${at.slice(0, 10)} at ${at.slice(11, 19)} UTC`;
}

function ending(incident: Incident): string {
  const { decision } = incident;
  const outcome = outcomeOf(incident);
  if (outcome === "none") return answerOf(incident);
  if (outcome === "under-way") return "As far as the log goes it is not at its end.";
  const after = formatDuration(Date.parse(outcome.at) - Date.parse(decision.at));
  if (outcome.type === "rollback.verified") return `After ${after} it was verified: ${outcome.detail}.`;
  const known = failureText(outcome.reason, outcome.target, decision);
  const what = known === undefined ? outcome.detail : `${known.what}. ${known.left} ${known.next}`;
  return `After ${after} it failed: ${what}`;
}

/** What came of asking a person. */
function answerOf({ own, around, decision }: Incident): string {
  const end = own.find((record) =>
    isOf(record, "operator.approve", "operator.reject", "approval.expired", "approval.withdrawn"),
  );
  if (end === undefined) return "";
  if (isOf(end, "operator.approve")) {
    const next = ofTypes(around, "decision.made").find(
      ({ approval }) => approval?.decisionId === decision.decisionId,
    );
    return `${end.by} approved it; ${next === undefined ? "no rollback has followed so far" : `decision ${next.decisionId} followed`}.`;
  }
  if (isOf(end, "operator.reject")) return `${end.by} rejected it.`;
  return isOf(end, "approval.expired", "approval.withdrawn") ? end.detail : "";
}

/** A rollback puts code back, whatever people hope for. */
function dataWarning({ decision }: Incident): readonly string[] {
  const { manual, from, to, runbook } = decision;
  if (manual?.reason !== "data-corruption") return [];
  const where =
    runbook === undefined
      ? "The policy names no runbook (`runbook:` in the rules file); find out what was written, and restore it by hand."
      : `How to fix it: ${link(runbook, runbook)}`;
  return [
    `> **Code was rolled back, data was not.** What ${plain(from === undefined ? "the release" : versionOf(from, to))} wrote is still there. ${where}`,
  ];
}

function facts({ decision }: Incident): string {
  const { decisionId, policy, target, release, from, to, reason, otherReasons } = decision;
  const { approval, runbook, seq, hash } = decision;
  const rows: readonly (readonly [string, string])[] = [
    ["policy", plain(policy)],
    ["target", plain(target)],
    ["release", plain(release ?? "none is known")],
    ["decided", `${decision.decision}${reason === decision.decision ? "" : `, because of ${code(reason)}`}`],
    ...(otherReasons.length === 0 ? [] : [["also in the way", otherReasons.map(code).join(", ")] as const]),
    ...(from === undefined ? [] : [["from", revision(from)] as const]),
    ...(to === undefined ? [] : [["to", revision(to)] as const]),
    ...(approval === undefined
      ? []
      : [["approved", `by ${plain(approval.by)}, who was asked by ${code(approval.decisionId)}`] as const]),
    ["runbook", runbook === undefined ? "none is named" : link(runbook, runbook)],
    ["record", `${seq}, ${code(hash)}`],
  ];
  return table(["decision", code(decisionId)], rows);
}

function revision({
  revision: name,
  images = {},
  digest,
}: NonNullable<Incident["decision"]["from"]>): string {
  const shown = plain(revisionText({ name, images }));
  return name === digest ? shown : `${shown}, digest ${code(digest)}`;
}

/** How long each part took. */
function timings(incident: Incident): readonly string[] {
  const { decision, own, around } = incident;
  const [started] = ofTypes(own, "rollback.started");
  const [applied] = ofTypes(own, "rollback.applied");
  const [ended] = ofTypes(own, "rollback.verified", "rollback.failed");
  const spans = [
    span("from the first breach to the decision", firstOfSpell(around, decision), decision),
    span("from the decision to the act", decision, applied ?? started),
    span(
      `from the act to its ${ended?.type === "rollback.failed" ? "failure" : "verification"}`,
      applied,
      ended,
    ),
  ].filter((line) => line !== "");
  return spans.length === 0 ? [] : [list(spans)];
}

/** The record that says since when the trigger has been on its way to fire. */
function firstOfSpell(around: readonly LogRecord[], decision: Incident["decision"]): LogRecord | undefined {
  const changes = around.filter(
    (record) =>
      "trigger" in record &&
      "slot" in record &&
      record.trigger === decision.trigger &&
      record.seq < decision.seq,
  );
  const calm = changes.findLastIndex((record) => record.type === "trigger.resolved");
  return changes.slice(calm + 1).find((record) => isOf(record, "trigger.pending", "trigger.firing"));
}

function span(what: string, from: LogRecord | undefined, to: LogRecord | undefined): string {
  return from === undefined || to === undefined
    ? ""
    : `${formatDuration(Date.parse(to.at) - Date.parse(from.at))} ${what} (${instant(from.at)} to ${instant(to.at)})`;
}
