import type { LogRecord, MissingRights } from "../log/record.ts";
import { dedupKey, type Message, stamp } from "./message.ts";
import type { Of } from "./messages.ts";

const RIGHTS_KEY = dedupKey(["rights"]);
/** More names make no sentence. */
const LISTED = 5;

/** The lines that a Role lacks, and for what. */
export function missingText({ namespace, rules, why, policies }: MissingRights): string {
  const role = namespace === "" ? "ClusterRole" : `Role in namespace "${namespace}"`;
  const whom = policies.length === 0 ? "" : ` Policies: ${listed(policies)}.`;
  return `The ${role} of rollbackd's account lacks ${rules.join(", ")}. rollbackd needs it to ${why.join("; ")}.${whom}`;
}

/** The command that shows whether a rule counts; the account is the reader's to fill in. */
export function howToGrant({ namespace, rules }: MissingRights): string {
  const [, resource = "", verb = ""] =
    /resources: \["([^"]*)"\], verbs: \["([^"]*)"/u.exec(rules[0] ?? "") ?? [];
  const where = namespace === "" ? "" : ` -n ${namespace}`;
  return `Next: add these lines (deploy/ has them all), and check: kubectl${where} auth can-i ${verb} ${resource} --as=system:serviceaccount:NAMESPACE:ACCOUNT`;
}

/** Rights that are missing, and that are granted again. */
export function ofRights(record: LogRecord): readonly Message[] {
  if (record.type === "rights.missing") return [ofMissing(record)];
  return record.type === "rights.granted" ? [ofGranted(record)] : [];
}

/** A right that is needed is missing: told before a rollback fails for want of it. */
function ofMissing(record: Of<"rights.missing">): Message {
  const { missing } = record;
  const policies = [...new Set(missing.flatMap((role) => role.policies))];
  const [first] = missing;
  return {
    ...stamp(record),
    event: "trigger",
    dedupKey: RIGHTS_KEY,
    severity: "error",
    title:
      policies.length === 0
        ? "rollbackd lacks rights in the cluster"
        : `rollbackd lacks rights in the cluster for ${listed(policies)}`,
    lines: [
      ...missing.slice(0, LISTED).map(missingText),
      ...(missing.length > LISTED
        ? [`… and ${missing.length - LISTED} more Roles: rollbackd log show ${record.seq}`]
        : []),
      "What needs a right that is missing fails until it is granted. rollbackd is unready and asks again every 15 s.",
      first === undefined ? "" : howToGrant(first),
    ],
    evidence: [],
  };
}

function ofGranted(record: Of<"rights.granted">): Message {
  return {
    ...stamp(record),
    event: "resolve",
    dedupKey: RIGHTS_KEY,
    severity: "info",
    title: "rollbackd has all rights that it needs",
    lines: ["Next: nothing to do."],
    evidence: [],
  };
}

function listed(names: readonly string[]): string {
  const more = names.length - LISTED;
  return more > 0 ? `${names.slice(0, LISTED).join(", ")} and ${more} more` : names.join(", ");
}
