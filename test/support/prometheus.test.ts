import { expect, onTestFinished, test } from "vitest";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { eventually } from "./eventually.ts";
import { openMetrics } from "./exposition.ts";
import { startPrometheus, type RunningPrometheus } from "./prometheus.ts";

async function valueOf(prometheus: RunningPrometheus, query: string): Promise<string> {
  const response = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(query)}`);
  const body = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  const [first] = body.data.result;
  if (first === undefined) {
    throw new Error(`nothing for ${query}`);
  }
  return first.value[1];
}

test("scrapes what it is told to, and history is there from the start, also after coming back", async () => {
  const app = createServer((_, response) => response.end("app_up 7\n")).listen(0, "127.0.0.1");
  onTestFinished(() => void app.close());
  await once(app, "listening");
  const target = `127.0.0.1:${(app.address() as AddressInfo).port}`;
  const scrape = [{ name: "app", targets: [target] }];
  const backfill = openMetrics([{ name: "old_gauge", points: [{ at: Date.now() - 60_000, value: 42 }] }]);

  const first = await startPrometheus({ scrape, scrapeIntervalMs: 500, backfill });
  onTestFinished(() => first.stop());
  await expect(valueOf(first, "old_gauge")).resolves.toBe("42");
  await eventually("the target was scraped", async () => expect(await valueOf(first, "app_up")).toBe("7"));

  await first.stop({ keepData: true });
  const second = await startPrometheus({ scrape, port: first.port, dataDir: first.dataDir });
  onTestFinished(() => second.stop());
  await expect(valueOf(second, "old_gauge")).resolves.toBe("42");
});
