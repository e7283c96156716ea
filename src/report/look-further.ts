import type { Evidence } from "../decisions/decision.ts";
import { failureText } from "../notifications/failure.ts";
import { type Incident, outcomeOf } from "./incident.ts";
import { fence, link, list, section } from "./markdown.ts";
import { type Workload, workloadsOf } from "./workloads.ts";

const MINUTE_MS = 60_000;
/** Before the window and after the last record that is told of. */
const MARGIN_MS = 10 * MINUTE_MS;

/** Where to look next. */
export function lookFurther(incident: Incident): string {
  const commands = [...logCommands(incident), ...clusterCommands(incident), ...undo(incident)];
  const links = incident.decision.evidence.flatMap((evidence) => graph(evidence, incident));
  return section("Look further", fence(commands.join("\n"), "sh"), links.length === 0 ? "" : list(links));
}

function logCommands({ decision, around }: Incident): readonly string[] {
  const { decisionId, policy, seq, hash } = decision;
  const { from, to } = spanOf(around, decision);
  return [
    `rollbackd log show ${word(decisionId)}`,
    `rollbackd log list --policy ${word(policy)} --from ${from} --to ${to}`,
    `rollbackd log list --type decision --from ${from} --to ${to}   # of all policies`,
    `rollbackd log verify --head ${hash}@${seq}`,
  ];
}

function spanOf(around: Incident["around"], decision: Incident["decision"]) {
  const first = Date.parse((around[0] ?? decision).at) - MARGIN_MS;
  const last = Date.parse((around.at(-1) ?? decision).at) + MARGIN_MS;
  return { from: new Date(first).toISOString(), to: new Date(last).toISOString() };
}

function clusterCommands({ decision }: Incident): readonly string[] {
  const found = workloadsOf(decision);
  if (found === undefined) return [];
  const kubectl = `kubectl -n ${word(found.namespace)}`;
  const since = new Date(Date.parse(decision.at) - MARGIN_MS).toISOString();
  return [
    ...found.workloads.flatMap((workload) => workloadCommands(workload, kubectl, since)),
    `${kubectl} get events --sort-by=.lastTimestamp`,
  ];
}

function workloadCommands({ name, revisions }: Workload, kubectl: string, since: string): readonly string[] {
  const named = word(name);
  return [
    `${kubectl} describe ${named}`,
    ...revisions.map((revision) => `${kubectl} rollout history ${named} --revision=${word(revision)}`),
    `${kubectl} logs ${named} --all-containers --prefix --since-time=${since}`,
  ];
}

/** What is left for a person to do, where a rollback failed. */
function undo(incident: Incident): readonly string[] {
  const outcome = outcomeOf(incident);
  if (typeof outcome === "string" || outcome.type !== "rollback.failed") return [];
  const known = failureText(outcome.reason, outcome.target, incident.decision);
  return known === undefined || known.command === "" ? [] : [`${known.command}   # rolls back by hand`];
}

/** A number that was asked of Prometheus; others have no graph. */
function graph(evidence: Evidence, { decision }: Incident): readonly string[] {
  const { trigger, query, endpoint, limit, samples } = evidence;
  if (limit === undefined || !URL.canParse(endpoint)) return [];
  const first = samples[0]?.at ?? Date.parse(decision.at);
  const end = Math.max(samples.at(-1)?.at ?? 0, Date.parse(decision.at)) + MARGIN_MS;
  const minutes = Math.ceil((end - first + MARGIN_MS) / MINUTE_MS);
  const parameters = new URLSearchParams({
    "g0.expr": query,
    "g0.tab": "0",
    "g0.end_input": new Date(end).toISOString().slice(0, 19).replace("T", " "),
    "g0.range_input": `${minutes}m`,
  });
  const address = `${endpoint.replace(/\/+$/u, "")}/graph?${parameters.toString()}`;
  return [link(`${trigger} in Prometheus, ${minutes} minutes around the decision`, address)];
}

/** For a shell. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
