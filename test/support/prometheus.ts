import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { findTool } from "./tool.ts";

export interface ScrapeJob {
  readonly name: string;
  /** `host:port` of each instance … */
  readonly targets?: readonly string[];
  /** … or a file_sd file, re-read when it changes. */
  readonly targetsFile?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly metricsPath?: string;
}

export interface PrometheusOptions {
  readonly scrape?: readonly ScrapeJob[];
  /** Default 1 s. */
  readonly scrapeIntervalMs?: number;
  /** OpenMetrics text with timestamps (test/support/exposition.ts writes it): history that is there at the start. */
  readonly backfill?: string;
  /** `--query.lookback-delta`; Prometheus's own default is 5 minutes. */
  readonly lookbackMs?: number;
  /** To come back at the same address with the same data after a `stop({ keepData: true })`. */
  readonly port?: number;
  readonly dataDir?: string;
}

export interface RunningPrometheus {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Ends the process and waits for it. Removes the data unless told otherwise. Safe to call twice. */
  readonly stop: (options?: { readonly keepData: boolean }) => Promise<void>;
}

const run = promisify(execFile);

/** A real Prometheus on loopback, ready to answer. Throws with the end of its log when it does not come up. */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<RunningPrometheus> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "rollbackd-prometheus-")));
  await mkdir(join(dataDir, "tsdb"), { recursive: true });
  await writeFile(join(dataDir, "prometheus.yml"), JSON.stringify(configuration(options)));
  if (options.backfill !== undefined) {
    await createBlocks(dataDir, options.backfill);
  }
  // A port found free may be taken before the server binds it, so a first failure proves nothing.
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    try {
      return await launch(dataDir, port, options.lookbackMs);
    } catch (error) {
      if (attempt === 3) {
        throw error;
      }
    }
  }
}

async function launch(
  dataDir: string,
  port: number,
  lookbackMs: number | undefined,
): Promise<RunningPrometheus> {
  const child = spawn(findTool("prometheus"), flags(dataDir, port, lookbackMs), {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, GOMAXPROCS: "1" },
  });
  const log = keepTail(child);
  const url = `http://127.0.0.1:${port}`;
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  const end = async (): Promise<void> => {
    await terminate(child);
    process.off("exit", kill);
  };
  try {
    await Promise.race([once(child, "exit").then(() => exitedEarly(log())), ready(url)]);
  } catch (error) {
    await end();
    throw error;
  }
  const stop = async ({ keepData } = { keepData: false }): Promise<void> => {
    await end();
    if (!keepData) {
      await rm(dataDir, { recursive: true, force: true });
    }
  };
  return { url, port, dataDir, stop };
}

function flags(dataDir: string, port: number, lookbackMs: number | undefined): readonly string[] {
  return [
    `--config.file=${join(dataDir, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(dataDir, "tsdb")}`,
    // History may be of any age; nothing here lives long enough to need pruning.
    "--storage.tsdb.retention.time=100y",
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=warn",
    // Of targets that come and go; it would let five seconds pass.
    "--scrape.discovery-reload-interval=1s",
    ...(lookbackMs === undefined ? [] : [`--query.lookback-delta=${lookbackMs}ms`]),
  ];
}

function configuration({ scrape = [], scrapeIntervalMs = 1000 }: PrometheusOptions): unknown {
  const interval = `${scrapeIntervalMs}ms`;
  return {
    global: { scrape_interval: interval, scrape_timeout: interval },
    scrape_configs: scrape.map(({ name, targets, targetsFile, labels = {}, metricsPath = "/metrics" }) => ({
      job_name: name,
      metrics_path: metricsPath,
      ...(targets && { static_configs: [{ targets, labels }] }),
      ...(targetsFile && { file_sd_configs: [{ files: [targetsFile], refresh_interval: "1s" }] }),
    })),
  };
}

async function createBlocks(dataDir: string, openMetrics: string): Promise<void> {
  const input = join(dataDir, "history.om");
  await writeFile(input, openMetrics);
  await run(findTool("promtool"), [
    "tsdb",
    "create-blocks-from",
    "openmetrics",
    input,
    join(dataDir, "tsdb"),
  ]);
}

async function ready(url: string): Promise<void> {
  await eventually(
    `${url} is ready`,
    async () => {
      const response = await fetch(`${url}/-/ready`);
      if (!response.ok) {
        throw new Error(`HTTP ${response.status}`);
      }
    },
    { withinMs: 90_000 },
  );
}

function exitedEarly(log: string): never {
  throw new Error(`Prometheus ended before it was ready:\n${log}`);
}

function keepTail(child: ChildProcess): () => string {
  let tail = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    tail = (tail + chunk).slice(-4000);
  });
  return () => tail;
}

async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const impatience = setTimeout(() => child.kill("SIGKILL"), 5000);
  await exited;
  clearTimeout(impatience);
}
