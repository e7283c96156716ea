import type { LogRecord } from "../log/record.ts";
import { incidentKey } from "./message.ts";

/** Knows in which incident a rollback put back what runs. */
export interface PutBack {
  readonly note: (record: LogRecord) => void;
  /** Key of that incident; undefined for a release that no rollback brought. */
  readonly incidentOf: (release: string | undefined) => string | undefined;
}

export function createPutBack(): PutBack {
  /** By target. */
  const lastIncidents = new Map<string, string>();
  const incidents = new Map<string, string>();
  return {
    note: (record) => {
      if (record.type === "rollback.started") {
        lastIncidents.set(record.target, incidentKey(record.target, record.release));
      }
      if (record.type !== "release.observed") return;
      const key = record.cause === "rollback" ? lastIncidents.get(record.target) : undefined;
      if (key === undefined) incidents.delete(record.release);
      else incidents.set(record.release, key);
    },
    incidentOf: (release) => (release === undefined ? undefined : incidents.get(release)),
  };
}
