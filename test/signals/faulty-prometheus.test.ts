import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createPrometheus, type PrometheusOptions } from "../../src/signals/prometheus.ts";
import { createSampler, type Measurable } from "../../src/signals/sampler.ts";
import { eventually } from "../support/eventually.ts";
import { startFakePrometheus } from "../faults/fake-prometheus.ts";
import { type FaultProxy, startFaultProxy } from "../faults/fault-proxy.ts";

const AT = 1_700_000_000_000;

async function peer(value: number) {
  const fake = await startFakePrometheus(() => value);
  onTestFinished(fake.close);
  const proxy = await startFaultProxy(fake.url);
  onTestFinished(proxy.close);
  return { fake, proxy };
}

function connect(peers: readonly FaultProxy[], options: Partial<PrometheusOptions> = {}) {
  const [first = "", ...others] = peers.map(({ url }) => url);
  const prometheus = createPrometheus({ urls: [first, ...others], timeoutMs: 20_000, ...options });
  onTestFinished(prometheus.close);
  return prometheus;
}

describe("trap 13: one endpoint, asked once", () => {
  test("a connection that broke is asked again on another, at once", async () => {
    const { proxy } = await peer(1);
    const { instant } = connect([proxy]);
    proxy.next({ kind: "reset" });
    await expect(instant("up", AT)).resolves.toMatchObject({ ok: true });
    proxy.next({ kind: "reset", afterBytes: 10 });
    await expect(instant("up", AT)).resolves.toMatchObject({ ok: true });
    expect(proxy.requests).toHaveLength(4);
  });

  test("an idle connection that was closed in the meantime does not cost a slot", async () => {
    const { proxy } = await peer(1);
    const { instant } = connect([proxy]);
    await instant("up", AT);
    proxy.cut();
    await expect(instant("up", AT)).resolves.toMatchObject({ ok: true });
  });

  test.each([
    ["a rejected query", { kind: "answer", status: 400, body: "parse error" }, "query-rejected", 1],
    ["a limit", { kind: "answer", status: 422, body: "too many samples" }, "query-rejected", 1],
    ["an overload", { kind: "answer", status: 503, body: "busy" }, "query-failed", 1],
    ["a throttle", { kind: "answer", status: 429, body: "later" }, "query-failed", 1],
    ["no content", { kind: "answer", status: 204 }, "query-failed", 1],
    ["a cut answer", { kind: "truncate", afterBytes: 20 }, "query-failed", 1],
    ["a hang", { kind: "hang" }, "unreachable", 1, 1000],
    ["a trickle", { kind: "trickle", bytes: 1, everyMs: 100 }, "unreachable", 1, 1000],
    ["a late answer", { kind: "delay", ms: 5000 }, "unreachable", 1, 1000],
    ["breaking twice", { kind: "reset" }, "unreachable", 2],
    ["neither POST nor GET", { kind: "answer", status: 405 }, "query-failed", 2],
  ] as const)("%s is no storm", async (_what, fault, reason, requests, timeoutMs: number = 20_000) => {
    const { proxy } = await peer(1);
    proxy.set(fault);
    await expect(connect([proxy], { timeoutMs }).instant("up", AT)).resolves.toMatchObject({
      ok: false,
      reason,
    });
    expect(proxy.requests).toHaveLength(requests);
  });

  test("another content type is no reason to doubt an answer that can be read", async () => {
    const { proxy } = await peer(1);
    proxy.set({ kind: "content-type", contentType: "text/plain" });
    await expect(connect([proxy]).instant("up", AT)).resolves.toMatchObject({ ok: true });
  });
});

describe("trap 18: a server that hangs", () => {
  test("holds up those that wait for their turn no longer than one query", async () => {
    const { proxy } = await peer(1);
    proxy.set({ kind: "hang" });
    const observe = vi.fn<NonNullable<PrometheusOptions["observe"]>>();
    const { instant } = connect([proxy], { timeoutMs: 400, concurrency: 2, observe });
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: 50 }, () => instant("up", AT)));
    // Two at a time, one after the other, they would take 10 s.
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(answers.filter(({ ok }) => !ok)).toHaveLength(50);
    expect(answers).toContainEqual(
      expect.objectContaining({ detail: expect.stringContaining("no turn within 0.4s: 2 earlier queries") }),
    );
    expect(observe).toHaveBeenCalledTimes(50);
  });

  test("a query that waited tells the server how much time is left", async () => {
    const { fake, proxy } = await peer(1);
    proxy.next({ kind: "delay", ms: 500 });
    const { instant } = connect([proxy], { timeoutMs: 20_000, concurrency: 1 });
    await Promise.all([instant("a", AT), instant("b", AT)]);
    const left = fake.asked.map(({ form }) => Number.parseInt(form.get("timeout") ?? "", 10));
    expect(left[0]).toBeGreaterThan(19_500);
    expect(left[1]).toBeLessThanOrEqual(19_501);
  });
});

describe("trap 12: replicas that disagree", () => {
  const expr: Measurable = {
    query: { kind: "expr", expr: "load" },
    threshold: { op: "above", value: 5, text: "5" },
    aggregate: undefined,
  };

  test("a range is one's word, whoever fails in the middle of it", async () => {
    const [low, high] = [await peer(1), await peer(9)];
    const { sampleRange } = createSampler(connect([low.proxy, high.proxy]), 1000);
    low.proxy.next(undefined, { kind: "answer", status: 503 });
    const grid = { from: AT, to: AT + 15_000_000, stepMs: 1000 };
    const { samples, endpoint } = await sampleRange(expr, grid);
    expect(endpoint).toBe(high.proxy.url);
    expect(new Set(samples.map((sample) => "value" in sample && sample.value))).toEqual(new Set([9]));
  });

  test.each([
    ["nothing whole", { status: 200, body: '{"status":"success","warnings":["a store is gone"],"data":{}}' }],
    ["an error of its own", { status: 500, body: "disk" }],
  ])("one that has %s to say is not the last that is asked", async (_what, said) => {
    const [low, high] = [await peer(1), await peer(9)];
    low.fake.answer(said);
    const { instant } = connect([low.proxy, high.proxy]);
    await expect(instant("a", AT)).resolves.toMatchObject({ ok: true, endpoint: high.proxy.url });
  });

  test("an answer that was under way during a fail-over does not call everybody back", async () => {
    const [low, high] = [await peer(1), await peer(9)];
    const { instant } = connect([low.proxy, high.proxy]);
    low.proxy.next({ kind: "delay", ms: 500 }, { kind: "answer", status: 503 });
    const underWay = instant("a", AT);
    await eventually("it is under way", () => expect(low.proxy.requests).toHaveLength(1));
    const failedOver = await instant("b", AT);
    const slow = await underWay;
    expect([slow.endpoint, failedOver.endpoint]).toEqual([low.proxy.url, high.proxy.url]);
    await expect(instant("c", AT)).resolves.toMatchObject({ endpoint: high.proxy.url });
  });
});
