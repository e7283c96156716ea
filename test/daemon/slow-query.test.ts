import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { type PolicyPasses, runPolicy } from "../../src/daemon/run-policy.ts";
import { createPrometheus, type Prometheus } from "../../src/signals/prometheus.ts";
import { createSampler } from "../../src/signals/sampler.ts";
import type { Metrics } from "../../src/telemetry/metrics.ts";
import { startFakePrometheus } from "../faults/fake-prometheus.ts";
import { formOf } from "../signals/stub-server.ts";
import { metricTrigger, policy } from "../support/model.ts";
import { measuringOnly } from "./measuring-only.ts";

const INTERVAL = 100;
const SLOW_MS = 4 * INTERVAL;

/** A Prometheus that takes its time over one expression: how often at once, and how often another was asked meanwhile. */
async function slowOver(expr: string) {
  const fake = await startFakePrometheus(() => 0);
  onTestFinished(fake.close);
  const open = { now: 0, most: 0, beside: 0 };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = await formOf(request);
    if (form.get("query") === expr) {
      open.now += 1;
      open.most = Math.max(open.most, open.now);
      await new Promise((resolve) => void setTimeout(resolve, SLOW_MS));
      open.now -= 1;
    } else if (open.now > 0) {
      open.beside += 1;
    }
    const asked = await fetch(fake.url + (request.url ?? ""), { method: "POST", body: form });
    response.end(await asked.text());
  };
  const server = createServer((...exchange) => void answer(...exchange)).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, open };
}

function run(expr: string, prometheus: Prometheus) {
  const rest = measuringOnly(expr);
  const triggers = [metricTrigger({ query: { kind: "expr", expr }, forMs: 10 * INTERVAL })];
  const passes = runPolicy(policy({ name: expr, intervalMs: INTERVAL, triggers }), {
    ...rest,
    sampler: createSampler(prometheus, INTERVAL),
    now: Date.now,
    slotClock: { now: Date.now, isKnown: async () => true },
  });
  onTestFinished(passes.stop);
  return { passes, metrics: rest.metrics };
}

async function missed({ evaluationsMissed }: Metrics): Promise<number> {
  return (await evaluationsMissed.get()).values.at(0)?.value ?? 0;
}

function samplesOf(passes: PolicyPasses) {
  return [...passes.carried().watched.values()][0]?.track.samples ?? [];
}

test("trap 18: a query slower than the interval is under way once, misses slots that are measured later, and holds up nobody", async () => {
  const { url, open } = await slowOver("slow");
  const prometheus = createPrometheus({ urls: [url] });
  onTestFinished(prometheus.close);
  const slow = run("slow", prometheus);
  run("quick", prometheus);
  await vi.waitFor(async () => expect(await missed(slow.metrics)).toBeGreaterThan(8), { timeout: 30_000 });
  // Were the others held up, they would be asked only between two slow answers, never during one.
  await vi.waitFor(() => expect(open.beside).toBeGreaterThan(3), { timeout: 30_000 });
  expect(open.most).toBe(1);
  const samples = samplesOf(slow.passes);
  const first = samples[0]?.at ?? 0;
  expect(samples.length).toBeGreaterThan(20);
  expect(samples).toEqual(samples.map((_, index) => ({ at: first + index * INTERVAL, value: 0 })));
});
