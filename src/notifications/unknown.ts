import { formatStamp } from "../text/format.ts";
import { dedupKey, type Message, stamp } from "./message.ts";
import type { Of, TriggerChange } from "./messages.ts";

interface OfTrigger {
  readonly policy: string;
  readonly trigger: string;
}

export function noDataKey({ policy, trigger }: OfTrigger): string {
  return dedupKey(["no-data", policy, trigger]);
}

export function rejectedKey({ policy, trigger }: OfTrigger): string {
  return dedupKey(["query-rejected", policy, trigger]);
}

/** Quieter than being blind: it may only be that nobody uses the service. */
export function ofNoData(record: Of<"evaluation.no-data">): Message {
  return {
    ...stamp(record),
    event: "info",
    spell: "begins",
    dedupKey: noDataKey(record),
    policy: record.policy,
    release: record.release,
    severity: "warning",
    title: `${record.trigger} of ${record.policy} says nothing about ${record.release}`,
    lines: [
      `Since ${formatStamp(record.since, record.at)}: ${record.reason}.`,
      `This trigger cannot roll the release back as long as it is unknown. Next: ${nextForUnknown(record)}`,
    ],
    evidence: [],
  };
}

function nextForUnknown({ unknown }: Of<"evaluation.no-data">): string {
  switch (unknown) {
    case "no-report":
    case "reports-unreadable":
      return "have the images scanned by Trivy Operator, or send a report to /api/v1/vulnerabilities; docs/rules.md, section Vulnerabilities, shows both.";
    case "no-such-series":
      return "correct `errors` in the rules file, then run `rollbackd check FILE --prometheus URL`; docs/rules.md, section Values that are unknown, says when no series is 0.";
    case "stale":
      return "check that the exporter still sends samples. Where samples are rare by design, set `maxSampleAge` on the trigger.";
    case "impossible":
      return "look at both sides of the query in Prometheus: a counter that goes back, or `errors` that counts what `total` does not, gives such values.";
    default:
      return "Prometheus answers, so check its query (rollbackd check --prometheus), and whether the service has traffic.";
  }
}

/** The rule is broken, which only its owner can mend. As quiet as no data, and at once: waiting would not help. */
export function ofRejectedQuery(record: TriggerChange): Message {
  return {
    ...stamp(record),
    event: "info",
    spell: "begins",
    dedupKey: rejectedKey(record),
    policy: record.policy,
    ...(record.release === undefined ? {} : { release: record.release }),
    severity: "warning",
    title: `${record.trigger} of ${record.policy} is broken: its query is rejected`,
    lines: [
      `${record.reason}.`,
      "As long as it is rejected this trigger rolls nothing back, and it is not told again. Next: correct the query in the rules file; `rollbackd check FILE --prometheus URL` shows what the server says to it.",
    ],
    evidence: [],
  };
}
