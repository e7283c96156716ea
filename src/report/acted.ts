import type { LogRecord } from "../log/record.ts";
import { sentence } from "./sentence.ts";
import { type Incident, instant, isOf, ofTypes } from "./incident.ts";
import { fence, list, plain, section, table } from "./markdown.ts";

/** Who decided and did what. */
export function acted(incident: Incident): string {
  const rows = incident.around
    .filter((record) => record.type.startsWith("operator.") || ofThis(record, incident))
    .flatMap((record) => rowOf(record, incident));
  const { own } = incident;
  const outputs = ofTypes(own, "rollback.applied", "rollback.failed").flatMap(({ type, output }) =>
    output === undefined ? [] : [`What it printed (${type}):`, fence(output, "text")],
  );
  return section("Who and what acted", table(["at (UTC)", "who", "what"], rows), ...outputs);
}

function ofThis(record: LogRecord, { own }: Incident): boolean {
  return own.some(({ seq }) => seq === record.seq);
}

function rowOf(record: LogRecord, { decision }: Incident): readonly (readonly string[])[] {
  const at = instant(record.at);
  if ("by" in record && record.type.startsWith("operator.")) {
    return [[at, plain(record.by), plain(sentence(record))]];
  }
  if (isOf(record, "decision.made")) {
    const who =
      decision.approval === undefined ? "rollbackd" : `rollbackd, approved by ${decision.approval.by}`;
    return [[at, plain(who), plain(`decided: ${record.decision}`)]];
  }
  return isOf(
    record,
    "rollback.started",
    "rollback.retrying",
    "rollback.applied",
    "rollback.verified",
    "rollback.failed",
  )
    ? [[at, "rollbackd", plain(`${record.type}: ${withoutId(sentence(record), decision.decisionId)}`)]]
    : [];
}

function withoutId(text: string, decisionId: string): string {
  return text.replace(`[${decisionId}] `, "");
}

/** Whether it helped, check by check. */
export function verification({ own, decision }: Incident): string {
  if (decision.decision !== "rollback") return "";
  const [applied] = ofTypes(own, "rollback.applied");
  const [end] = ofTypes(own, "rollback.verified", "rollback.failed");
  if (end === undefined) {
    return section(
      "Verification",
      applied === undefined ? "The act is not on record yet." : "It is being verified.",
    );
  }
  const verdict =
    end.type === "rollback.verified"
      ? `Verified at ${instant(end.at)}: ${end.detail}`
      : `Failed at ${instant(end.at)} (${end.reason}): ${end.detail}`;
  return section(
    "Verification",
    plain(`${verdict.replace(/\.$/u, "")}.`),
    list((end.steps ?? []).map(plain)),
    end.steps === undefined
      ? "No check was made: the act itself did not take place, or not as far as is known."
      : "",
  );
}
