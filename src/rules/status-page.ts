/** What the users of a service are told on its public status page, and what of the service the page shows. */

/** As Statuspage names them. */
export const COMPONENT_STATUSES = [
  "operational",
  "under_maintenance",
  "degraded_performance",
  "partial_outage",
  "major_outage",
] as const;

/** The steps of an automatic rollback, and of one that a person announced as maintenance. */
export type IncidentStage = "created" | "updated" | "failed" | "resolved";
export type MaintenanceStage = "announced" | "begun" | "verifying" | "prolonged" | "completed" | "cancelled";
export type StatusStage = IncidentStage | MaintenanceStage;

export interface StatusPage {
  /** Status of each component, by its id, while the incident lasts. */
  readonly components: Readonly<Record<string, (typeof COMPONENT_STATUSES)[number]>>;
  readonly titles: Readonly<Record<"incident" | "maintenance", string>>;
  readonly texts: Readonly<Record<StatusStage, string>>;
  /** How long a maintenance is announced to last. */
  readonly maintenanceMs: number;
}

/** What a text may name. */
export const TEXT_FIELDS = ["policy", "from", "to", "started"] as const;
export type TextField = (typeof TEXT_FIELDS)[number];

/** Plain words for users: no revisions, numbers or names of machines. */
export const INCIDENT_TEXTS = {
  title: "Problems with {policy}",
  created: "We have found a problem after a recent update and are going back to the version before it.",
  updated: "The version before the update is back. We are making sure that everything works again.",
  failed: "Going back to the version before the update has not solved the problem yet. We are working on it.",
  resolved: "The problem is solved. Everything works as usual.",
} as const;

export const MAINTENANCE_TEXTS = {
  title: "Maintenance of {policy}",
  announced: "We are about to go back to an earlier version. There may be short interruptions.",
  begun: "The maintenance has begun.",
  verifying: "The earlier version is back. We are making sure that everything works.",
  prolonged: "The maintenance takes longer than planned. We are working on it.",
  completed: "The maintenance is completed. Everything works as usual.",
  cancelled: "The maintenance did not take place.",
} as const;

/** What users are told where nobody wrote anything. */
export const DEFAULT_STATUS_PAGE: StatusPage = defaults(INCIDENT_TEXTS, MAINTENANCE_TEXTS);

function defaults(
  { title, ...incident }: typeof INCIDENT_TEXTS,
  { title: maintenance, ...ofMaintenance }: typeof MAINTENANCE_TEXTS,
): StatusPage {
  return {
    components: {},
    titles: { incident: title, maintenance },
    texts: { ...incident, ...ofMaintenance },
    maintenanceMs: 3_600_000,
  };
}

/** Every `{…}` of a text, with its place in it. */
const FIELD = /\{([^{}]*)\}/g;

export function unknownFields(text: string): readonly { readonly field: string; readonly index: number }[] {
  return [...text.matchAll(FIELD)]
    .map(({ 1: field = "", index }) => ({ field, index }))
    .filter(({ field }) => !isField(field));
}

/** The text with its fields filled in. */
export function fillIn(text: string, values: Readonly<Record<TextField, string>>): string {
  return text.replaceAll(FIELD, (whole, field: string) => (isField(field) ? values[field] : whole));
}

function isField(name: string): name is TextField {
  return TEXT_FIELDS.some((field) => field === name);
}
