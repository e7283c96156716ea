import { join } from "node:path";

/** What a container of an image runs: a local program. */
export interface Image {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** By the name that a Pod spec uses. A Pod with any other image stays in ImagePullBackOff. */
export type Images = Readonly<Record<string, Image>>;

const SERVER = join(import.meta.dirname, "../workload/server.ts");

function service(version: string, env: Readonly<Record<string, string>> = {}): Image {
  return { command: [process.execPath, SERVER], env: { VERSION: version, ...env } };
}

/** The releases of the service under test: good ones, and one for each way of being bad. */
export const vcciApiImages: Images = {
  "vcci-api:v1": service("v1"),
  "vcci-api:v2": service("v2", { ERROR_RATE: "0.25" }),
  /** Every answer takes 2.6 s, so the P95 is over 2 s. */
  "vcci-api:v2-slow": service("v2-slow", { LATENCY_MS: "2600" }),
  /** Ready until ten seconds after its start, then its health endpoint fails while it still works. */
  "vcci-api:v2-unready-later": service("v2-unready-later", { HEALTH_FAIL_AFTER_MS: "10000" }),
  "vcci-api:v2-never-ready": service("v2-never-ready", { READY: "fail" }),
  /** Ends with code 1 as soon as it is started. */
  "vcci-api:v2-crash": { command: [process.execPath, "-e", "process.exit(1)"], env: {} },
  "vcci-api:v3": service("v3"),
};
