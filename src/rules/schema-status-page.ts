import { Type } from "typebox";
import { closed, positiveDuration } from "./schema-parts.ts";
import { COMPONENT_STATUSES, INCIDENT_TEXTS, MAINTENANCE_TEXTS } from "./status-page.ts";

/** Statuspage takes titles of up to 255 and texts of up to 25,000 characters. */
const publicTitle = (description: string, value: string) =>
  Type.String({ minLength: 1, maxLength: 200, description, default: value });
const publicText = (description: string, value: string) =>
  Type.String({ minLength: 1, maxLength: 5000, description, default: value });

const MaintenanceSchema = Type.Object(
  {
    lasts: positiveDuration("How long it is announced to last.", "1h"),
    title: publicTitle("Title of the maintenance.", MAINTENANCE_TEXTS.title),
    announced: publicText("When a person asked for the rollback.", MAINTENANCE_TEXTS.announced),
    begun: publicText("When it begins.", MAINTENANCE_TEXTS.begun),
    verifying: publicText("When the earlier version is back.", MAINTENANCE_TEXTS.verifying),
    prolonged: publicText(
      "When the rollback failed: the maintenance stays open.",
      MAINTENANCE_TEXTS.prolonged,
    ),
    completed: publicText("When it was verified.", MAINTENANCE_TEXTS.completed),
    cancelled: publicText("When nothing was rolled back after all.", MAINTENANCE_TEXTS.cancelled),
  },
  {
    ...closed,
    description: "With `rollbackd rollback --maintenance`: what users are told.",
    default: {},
  },
);

export const StatusPageSchema = Type.Object(
  {
    components: Type.Record(Type.String(), Type.Enum([...COMPONENT_STATUSES]), {
      description:
        "Status of each component, by its id, as long as the incident lasts; `operational` after it.",
      default: {},
    }),
    title: publicTitle("Title of the incident.", INCIDENT_TEXTS.title),
    created: publicText("When it is decided to roll back.", INCIDENT_TEXTS.created),
    updated: publicText("When the earlier version is back.", INCIDENT_TEXTS.updated),
    failed: publicText("When the rollback failed: the incident stays open.", INCIDENT_TEXTS.failed),
    resolved: publicText("When it was verified, or nothing fires any more.", INCIDENT_TEXTS.resolved),
    maintenance: MaintenanceSchema,
  },
  {
    ...closed,
    description: "With `notify: [statuspage]`: what users are told.",
    default: {},
  },
);
