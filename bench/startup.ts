/*
 * What bundling is worth: `rollbackd run` and `rollbackd --version` from dist/ beside the same from src/.
 *
 *   npm run bench:startup
 *
 * Builds into a folder for temporary files. Both are started in turns, so that what else the machine does falls on
 * both; the medians are compared. A start has ended when /health/live answers; memory is what is resident then.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../test/support/free-port.ts";

const ROUNDS = 7;
const ROOT = resolve(import.meta.dirname, "..");
const RULES = `policies:
  - name: vcci-api
    target: {script: true}
    guard: always
    triggers: [{name: error-rate, expr: "errors:ratio", above: 5%, for: 5m}]
    rollback: {strategy: script, script: {command: [bash, rollback.sh]}}
`;

interface Start {
  readonly ms: number;
  readonly residentMb: number;
}

const folder = await mkdtemp(join(tmpdir(), "rollbackd-bench-"));
try {
  // Below the repository's packages nothing is found that was not bundled.
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), join(folder, "dist")]);
  writeFileSync(join(folder, "rules.yaml"), RULES);
  const mains = {
    "src/main.ts": join(ROOT, "src/main.ts"),
    "dist/rollbackd.js": join(folder, "dist/rollbackd.js"),
  };
  const starts = Object.fromEntries(
    Object.keys(mains).map((name) => [name, { run: [] as Start[], version: [] as number[] }]),
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, main] of Object.entries(mains)) {
      starts[name]?.run.push(await startDaemon(main));
      starts[name]?.version.push(timeVersion(main));
    }
  }
  const [fromSource, bundled] = Object.entries(starts).map(([name, { run, version }]) => {
    const of = {
      runMs: median(run.map(({ ms }) => ms)),
      versionMs: median(version),
      mb: median(run.map(({ residentMb }) => residentMb)),
    };
    console.log(
      `${name.padEnd(18)} run: alive after ${of.runMs.toFixed(0)} ms with ${of.mb.toFixed(0)} MB; --version: ${of.versionMs.toFixed(0)} ms`,
    );
    return of;
  });
  if (fromSource !== undefined && bundled !== undefined) {
    const ratio = (key: keyof typeof bundled): string => (bundled[key] / fromSource[key]).toFixed(2);
    console.log(
      `bundled ÷ source: start ${ratio("runMs")}, memory ${ratio("mb")}, --version ${ratio("versionMs")} (medians of ${ROUNDS})`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}

async function startDaemon(main: string): Promise<Start> {
  const port = await freePort();
  const begun = performance.now();
  const child = spawn(process.execPath, [main, "run"], {
    cwd: folder,
    stdio: "ignore",
    env: {
      PATH: process.env.PATH,
      ROLLBACKD_RULES: join(folder, "rules.yaml"),
      ROLLBACKD_HTTP_PORT: String(port),
      ROLLBACKD_PROMETHEUS_URL: "http://127.0.0.1:1",
    },
  });
  const ended = once(child, "exit");
  while (child.exitCode === null && !(await isAlive(port))) await sleep(2);
  const ms = performance.now() - begun;
  if (child.exitCode !== null) throw new Error(`${main} run ended with ${child.exitCode}`);
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  child.kill("SIGTERM");
  await ended;
  return { ms, residentMb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1e3 };
}

async function isAlive(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  );
}

function timeVersion(main: string): number {
  const begun = performance.now();
  execFileSync(process.execPath, [main, "--version"]);
  return performance.now() - begun;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
