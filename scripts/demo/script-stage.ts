import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "../../test/support/eventually.ts";
import { startPrometheus } from "../../test/support/prometheus.ts";
import { startTraffic } from "../../test/workload/traffic.ts";
import type { Props } from "./cast.ts";
import { rulesFile } from "./rules-file.ts";
import type { Stage } from "./stage.ts";
import { superviseService } from "./supervised-service.ts";

const run = promisify(execFile);

const REQUESTS_PER_SECOND = 40;

const DEPLOY = `#!/bin/sh
# deploy.sh VERSION: ends the service; its supervisor then starts VERSION.
set -eu
cd "$(dirname "$0")"
old=$(cat service.pid)
ln -sfn "releases/$1" current
kill "$old"
for try in $(seq 100); do
  new=$(cat service.pid)
  [ "$new" = "$old" ] || { echo "vcci-api: $1 runs as pid $new, pid $old has ended"; exit 0; }
  sleep 0.1
done
echo "vcci-api: $1 was not started within 10 s" >&2
exit 1
`;

const ROLLBACK = `#!/bin/sh
# The team's own way back. rollbackd says what to put back, and why.
set -eu
echo "back to $ROLLBACKD_TO_REVISION: $ROLLBACKD_REASON"
exec sh "$(dirname "$0")/deploy.sh" "$ROLLBACKD_TO_REVISION"
`;

/** A service that is released by a script and rolled back by one; everything is a process of this machine. */
export async function scriptStage({ folder, cleanups }: Props): Promise<Stage> {
  await writeFile(join(folder, "deploy.sh"), DEPLOY, { mode: 0o755 });
  await writeFile(join(folder, "rollback.sh"), ROLLBACK, { mode: 0o755 });
  const releases = { v1: ["VERSION=v1", "ERROR_RATE=0.01"], v2: ["VERSION=v2", "ERROR_RATE=0.25"] };
  const service = await superviseService(folder, releases, "v1");
  cleanups.add(service.stop);
  await eventually("the service answers", () => fetch(service.url));
  const traffic = startTraffic({ targets: () => [service.url], perSecond: REQUESTS_PER_SECOND });
  cleanups.add(traffic.stop);
  const labels = { app: "vcci-api" };
  const prometheus = await startPrometheus({
    scrape: [{ name: "vcci-api", targets: [service.address], labels }],
  });
  cleanups.add(prometheus.stop);
  return {
    parts: [
      ["service", `vcci-api v1 at ${service.url}; a supervisor starts what ${folder}/current names`],
      ["users", `${REQUESTS_PER_SECOND} requests a second`],
      ["Prometheus", `${prometheus.url}, scrapes the service every second`],
    ],
    rules: rules(folder, service.url),
    files: [
      ["rollback.sh", ROLLBACK],
      ["deploy.sh", DEPLOY],
    ],
    prometheusUrl: prometheus.url,
    env: {},
    releaseCommand: "sh deploy.sh v2",
    release: async () => (await run("sh", [join(folder, "deploy.sh"), "v2"])).stdout,
    serving: async () => [(await (await fetch(service.url)).text()).trim()],
    traffic: traffic.counts,
    look: undefined,
  };
}

function rules(folder: string, serviceUrl: string): string {
  return rulesFile({
    target: [
      "script: true",
      `release: {expr: 'count by (version) (app_build_info{app="vcci-api"})'}   # names the running version`,
    ],
    strategy: ["strategy: script", `script: {command: [sh, rollback.sh], cwd: "${folder}", timeout: 30s}`],
    selector: `app="vcci-api"`,
    healthUrl: `${serviceUrl}/health/ready`,
  });
}
