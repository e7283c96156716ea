import { formatDuration } from "../text/format.ts";
import { type Incident, instant, type Of, ofTypes } from "./incident.ts";
import { plain, section, table } from "./markdown.ts";

/** Who was told, when it reached them, and what did not. */
export function told({ own }: Incident): string {
  const queued = ofTypes(own, "notification.queued");
  if (queued.length === 0) return section("Who was told", "Nobody: no message belongs to this decision.");
  const rows = queued.map((record) => rowOf(record, endOf(record, own)));
  return section("Who was told", table(["channel", "event", "queued (UTC)", "outcome", "attempts"], rows));
}

type End = Of<"notification.delivered"> | Of<"notification.failed">;

function endOf({ notificationId }: Of<"notification.queued">, own: Incident["own"]): End | undefined {
  return ofTypes(own, "notification.delivered", "notification.failed").find(
    (end) => end.notificationId === notificationId,
  );
}

function rowOf(record: Of<"notification.queued">, end: End | undefined): readonly string[] {
  return [
    plain(record.channel),
    record.event,
    instant(record.at),
    plain(outcome(record, end)),
    end === undefined ? "" : String(end.attempts),
  ];
}

function outcome(queued: Of<"notification.queued">, end: End | undefined): string {
  if (end === undefined) return "not delivered as far as the log goes";
  const after = formatDuration(Date.parse(end.at) - Date.parse(queued.at));
  return end.type === "notification.delivered"
    ? `delivered ${instant(end.at)}, after ${after}`
    : `not delivered: given up ${instant(end.at)}, after ${after}: ${end.error}`;
}
