import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";

/** A Prometheus that stops and comes back at the same address, with its data but without what it did not scrape. */
export interface Outage {
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
  /** Ends whatever came back. */
  readonly over: () => Promise<void>;
}

interface Configuration {
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly file_sd_configs: readonly [{ readonly files: readonly [string] }];
  }[];
}

/** For a Prometheus whose targets come from files, as those of a world do. */
export function createOutage(prometheus: RunningPrometheus): Outage {
  const { port, dataDir } = prometheus;
  let back: RunningPrometheus | undefined;
  return {
    begin: () => prometheus.stop({ keepData: true }),
    end: async () => {
      const written = JSON.parse(readFileSync(join(dataDir, "prometheus.yml"), "utf8")) as Configuration;
      const scrape = written.scrape_configs.map(({ job_name: name, file_sd_configs: [{ files }] }) => ({
        name,
        targetsFile: files[0],
      }));
      back = await startPrometheus({ scrape, port, dataDir });
    },
    over: async () => back?.stop(),
  };
}
