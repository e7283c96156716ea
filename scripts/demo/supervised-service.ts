import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";
import { type Child, startChild } from "../../test/cluster/child.ts";
import { freePort } from "../../test/support/free-port.ts";

const SERVER = join(import.meta.dirname, "../../test/workload/server.ts");
/** How soon an ended service is started again. */
const LOOK_EVERY_MS = 50;

export interface SupervisedService {
  readonly url: string;
  /** `host:port` */
  readonly address: string;
  readonly stop: () => Promise<void>;
}

/**
 * A service on one machine, as an init system would run it: the release that the link `current` in `folder` names
 * is started, its pid is in `service.pid`, and when it ends, what `current` names by then is started.
 * `releases` maps a version to its settings, `KEY=VALUE` each.
 */
export async function superviseService(
  folder: string,
  releases: Readonly<Record<string, readonly string[]>>,
  first: string,
): Promise<SupervisedService> {
  for (const [version, settings] of Object.entries(releases)) {
    await mkdir(join(folder, "releases", version), { recursive: true });
    await writeFile(join(folder, "releases", version, "env"), settings.map((line) => `${line}\n`).join(""));
  }
  await symlink(join("releases", first), join(folder, "current"));
  const port = await freePort();
  const stopping = new AbortController();
  let child: Child = await startCurrent(folder, port);
  const supervising = (async () => {
    while (!stopping.signal.aborted) {
      await sleep(LOOK_EVERY_MS);
      if (child.ending() !== undefined && !stopping.signal.aborted) child = await startCurrent(folder, port);
    }
  })();
  const address = `127.0.0.1:${port}`;
  return {
    url: `http://${address}`,
    address,
    stop: async () => {
      stopping.abort();
      await supervising;
      await child.stop(2_000);
    },
  };
}

async function startCurrent(folder: string, port: number): Promise<Child> {
  const settings = parseEnv(await readFile(join(folder, "current/env"), "utf8"));
  const { PATH } = process.env;
  const child = await startChild([process.execPath, SERVER], { PATH, PORT: String(port), ...settings });
  // In one step: a script that reads it must not find half a number.
  await writeFile(join(folder, "service.pid.new"), `${child.pid}\n`);
  await rename(join(folder, "service.pid.new"), join(folder, "service.pid"));
  return child;
}
