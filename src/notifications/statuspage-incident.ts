import { fillIn, type StatusPage, type StatusStage } from "../rules/status-page.ts";
import { cut } from "./cut.ts";
import type { Message, News } from "./message.ts";

const NAME = 255;
const BODY = 25_000;

const STATUSES = {
  created: "identified",
  updated: "monitoring",
  failed: "identified",
  resolved: "resolved",
  announced: "scheduled",
  begun: "in_progress",
  verifying: "verifying",
  prolonged: "in_progress",
  completed: "completed",
  cancelled: "completed",
} as const satisfies Record<StatusStage, string>;

const MAINTENANCE: ReadonlySet<StatusStage> = new Set([
  "announced",
  "begun",
  "verifying",
  "prolonged",
  "completed",
  "cancelled",
]);

/** What the page shows of it as over, so that nothing is added to it any more. */
export const CLOSED: ReadonlySet<string> = new Set(["resolved", "completed", "postmortem"]);

/** A change of an incident (or scheduled maintenance) as API v1 takes it. */
export interface IncidentChange {
  readonly status: (typeof STATUSES)[StatusStage];
  readonly body: string;
  readonly components?: Readonly<Record<string, string>>;
  readonly component_ids?: readonly string[];
}

/** A new one; `metadata` is how it is found again. */
export interface NewIncident extends IncidentChange {
  readonly name: string;
  readonly metadata: { readonly rollbackd: Readonly<Record<string, string>> };
  readonly scheduled_for?: string;
  readonly scheduled_until?: string;
}

export function incidentChange(
  { policy = "rollbackd" }: Message,
  news: News,
  page: StatusPage,
): IncidentChange {
  const { stage } = news;
  return {
    status: STATUSES[stage],
    body: cut(fillIn(page.texts[stage], valuesOf(policy, news)), BODY),
    ...componentsOf(stage, page),
  };
}

export function newIncident(message: Message, news: News, page: StatusPage): NewIncident {
  const { policy = "rollbackd", decisionId } = message;
  const { stage, startedAt } = news;
  const isMaintenance = MAINTENANCE.has(stage);
  return {
    name: cut(fillIn(page.titles[isMaintenance ? "maintenance" : "incident"], valuesOf(policy, news)), NAME),
    ...incidentChange(message, news, page),
    metadata: { rollbackd: { key: news.key, ...(decisionId === undefined ? {} : { decision: decisionId }) } },
    ...(isMaintenance && {
      scheduled_for: startedAt,
      scheduled_until: new Date(Date.parse(startedAt) + page.maintenanceMs).toISOString(),
    }),
  };
}

function componentsOf(stage: StatusStage, { components }: StatusPage) {
  const ids = Object.keys(components);
  if (ids.length === 0 || stage === "cancelled") return {};
  // Announced is not begun: until then the components are as they are.
  if (stage === "announced") return { component_ids: ids };
  const all = (status: string) => Object.fromEntries(ids.map((id) => [id, status]));
  if (stage === "resolved" || stage === "completed")
    return { components: all("operational"), component_ids: ids };
  return { components: MAINTENANCE.has(stage) ? all("under_maintenance") : components, component_ids: ids };
}

function valuesOf(policy: string, { from, to, startedAt }: News) {
  return {
    policy,
    from: shownToUsers(from) ?? "the new version",
    to: shownToUsers(to) ?? "the earlier version",
    started: `${startedAt.slice(0, 16).replace("T", " ")} UTC`,
  };
}

/** The page is public and takes HTML: a version that could be more than a name is not shown there. */
function shownToUsers(version: string | undefined): string | undefined {
  return version !== undefined && /^(?!.*(?:\/\/|www\.))(?:revision )?[\w.+:/,-]{1,100}$/u.test(version)
    ? version
    : undefined;
}
