import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { logFolder } from "../../src/log/files.ts";
import { readLog } from "../../src/log/reader.ts";
import type { LogRecord } from "../../src/log/record.ts";
import { type Verdict, verifyLog } from "../../src/log/verify.ts";
import { startFakePrometheus } from "../faults/fake-prometheus.ts";
import { startFaultProxy } from "../faults/fault-proxy.ts";
import { collect } from "../support/collect.ts";
import { type Child, startChild } from "../cluster/child.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { builtProgram } from "../support/program.ts";
import { startSlackReceiver } from "../support/receivers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** One policy with a rollback script, and everything that it meets; the daemon is a process that comes and goes. */
export interface Stage {
  /** From now on the service fails, or does no longer. */
  readonly breach: () => void;
  readonly recover: () => void;
  readonly prometheus: Awaited<ReturnType<typeof startFaultProxy>>;
  readonly slack: Awaited<ReturnType<typeof startSlackReceiver>>;
  readonly url: string;
  readonly dataDir: string;
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<Running>;
  readonly records: () => Promise<readonly LogRecord[]>;
  readonly types: () => Promise<readonly string[]>;
  /** What is wrong with the log; undefined when nothing is. */
  readonly defect: () => Promise<Verdict["defect"]>;
  /** How often the script was begun. */
  readonly scriptRuns: () => number;
}

export interface Running {
  readonly child: Child;
  /** Resolves once a record of this type is there. */
  readonly reaches: (type: LogRecord["type"]) => Promise<void>;
  /** SIGTERM; what became of the process and how long that took. */
  readonly stop: () => Promise<{ readonly exitCode: number | undefined; readonly tookMs: number }>;
}

/** `script`: what rollback.sh does after it has noted that it was run. */
export async function openStage({ script = "true" } = {}): Promise<Stage> {
  const { path: folder, remove } = temporaryFolder();
  let badFrom = Number.POSITIVE_INFINITY;
  let badUntil = Number.POSITIVE_INFINITY;
  const fake = await startFakePrometheus((expr, at) =>
    expr === "errors:ratio" ? (at >= badFrom && at < badUntil ? 0.2 : 0.01) : undefined,
  );
  const prometheus = await startFaultProxy(fake.url);
  const slack = await startSlackReceiver();
  const port = await freePort();
  const dataDir = join(folder, "data");
  const running: Child[] = [];
  onTestFinished(async () => {
    await Promise.all(running.map((child) => child.stop(0)));
    await slack.close();
    prometheus.close();
    fake.close();
    remove();
  });
  writeFileSync(join(folder, "rules.yaml"), rules(folder));
  writeFileSync(join(folder, "rollback.sh"), `echo run >> runs\n${script}\n`);
  const records = () => collect(readLog(logFolder(dataDir)));
  return {
    breach: () => {
      badFrom = Date.now();
    },
    recover: () => {
      badUntil = Date.now();
    },
    prometheus,
    slack,
    url: `http://127.0.0.1:${port}`,
    dataDir,
    records,
    types: async () => (await records()).map(({ type }) => type),
    defect: async () => (await verifyLog(logFolder(dataDir))).defect,
    scriptRuns: () => linesOf(join(folder, "runs")),
    start: async (env = {}) => {
      const child = await startChild([process.execPath, await builtProgram(), "run"], {
        PATH: process.env.PATH,
        ROLLBACKD_RULES: join(folder, "rules.yaml"),
        ROLLBACKD_DATA_DIR: dataDir,
        ROLLBACKD_HTTP_PORT: String(port),
        ROLLBACKD_PROMETHEUS_URL: prometheus.url,
        ROLLBACKD_SLACK_WEBHOOK_URL: slack.url,
        ...env,
      });
      running.push(child);
      return handle(child, records);
    },
  };
}

function handle(child: Child, records: () => Promise<readonly LogRecord[]>): Running {
  return {
    child,
    reaches: (type) =>
      eventually(
        type,
        async () => {
          const ending = child.ending();
          if (ending !== undefined) throw new Error(`ended with ${ending.how}: ${child.log()}`);
          const types = (await records()).map((record) => record.type);
          if (!types.includes(type)) throw new Error(types.join(" "));
        },
        { withinMs: 45_000 },
      ),
    stop: async () => {
      const begun = performance.now();
      await child.stop(25_000);
      return { exitCode: child.ending()?.exitCode, tookMs: performance.now() - begun };
    },
  };
}

function rules(folder: string): string {
  return `policies:
  - name: vcci-api
    mode: enforce
    interval: 1s
    target: {script: true}
    guard: always
    triggers:
      - name: error-rate
        expr: errors:ratio
        above: 5%
        for: 2s
    rollback:
      strategy: script
      script: {command: [bash, rollback.sh], cwd: ${folder}}
      verify: {recovery: 5m}
    notify: [slack]
`;
}

function linesOf(path: string): number {
  try {
    return readFileSync(path, "utf8").split("\n").length - 1;
  } catch {
    return 0;
  }
}
