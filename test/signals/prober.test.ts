import { expect, onTestFinished, test, vi } from "vitest";
import { createProbe, type Probe, type ProbeResult } from "../../src/signals/probe.ts";
import { startProber } from "../../src/signals/prober.ts";
import { eventually } from "../support/eventually.ts";
import { sends, stubServer } from "./stub-server.ts";

const spec = { url: "http://127.0.0.1:1", intervalMs: 30, timeoutMs: 20_000 };
const failed: ProbeResult = { at: 1, ok: false, fault: "target", detail: "HTTP 503 in 1 ms" };

function start(probe: Probe, options: { readonly keep?: number; readonly url?: string } = {}) {
  const { keep = 1_000, url = spec.url } = options;
  const prober = startProber({ spec: { ...spec, url }, probe, keep });
  onTestFinished(() => prober.stop());
  return prober;
}

test("probes at once, then on its own schedule, and each result counts once", async () => {
  const started = performance.now();
  const starts: number[] = [];
  const prober = start(() => {
    starts.push(performance.now() - started);
    return Promise.resolve({ ...failed, at: starts.length });
  });
  expect(starts).toHaveLength(1);
  await eventually("five probes", () => expect(starts.length).toBeGreaterThanOrEqual(5));
  await prober.stop();
  // Turn n is never taken before its time, however early a timer fires.
  expect(starts.every((at, turn) => at >= turn * spec.intervalMs - 2)).toBe(true);
  const ats = prober.samples().map(({ at }) => at);
  expect(ats).toEqual(ats.map((_, index) => index + 1));
  expect(prober.samples()).toEqual(prober.samples());
});

test("a result is 1, 0, or unknown when the trouble was the prober's own", async () => {
  const results: ProbeResult[] = [
    { at: 1, ok: true, detail: "HTTP 200 in 1 ms" },
    { at: 2, ok: false, fault: "target", detail: "connection refused" },
    { at: 3, ok: false, fault: "prober", detail: "too many open files" },
  ];
  let turn = 0;
  const prober = start(() => Promise.resolve(results[Math.min(turn++, 2)] ?? failed));
  await eventually("three results", () =>
    expect(prober.samples().slice(0, 3)).toEqual([
      { at: 1, value: 1, detail: "HTTP 200 in 1 ms" },
      { at: 2, value: 0, detail: "connection refused" },
      { at: 3, unknown: "not-evaluated", detail: "too many open files" },
    ]),
  );
});

test("only the newest results are kept", async () => {
  let turn = 0;
  const prober = start(() => Promise.resolve({ ...failed, at: (turn += 1) }), { keep: 3 });
  await eventually("six probes", () => expect(turn).toBeGreaterThanOrEqual(6));
  const ats = prober.samples().map(({ at }) => at);
  expect(ats).toEqual([turn - 2, turn - 1, turn]);
});

test("trap 10: a clock that is set back, or stands still, puts no result before another", async () => {
  const clock = [5000, 5000, 1000, 9000];
  let turn = 0;
  const prober = start(() => Promise.resolve({ ...failed, at: clock[Math.min(turn++, 3)] ?? 0 }));
  await eventually("four results", () => expect(prober.samples().length).toBeGreaterThanOrEqual(4));
  expect(
    prober
      .samples()
      .slice(0, 4)
      .map(({ at }) => at),
  ).toEqual([5000, 5001, 5002, 9000]);
});

test("never two at a time: turns that come during a slow probe are left out", async () => {
  let open = 0;
  let most = 0;
  let done = 0;
  start(async () => {
    open += 1;
    most = Math.max(most, open);
    await new Promise((resolve) => setTimeout(resolve, 100));
    open -= 1;
    done += 1;
    return failed;
  });
  await eventually("three slow probes", () => expect(done).toBeGreaterThanOrEqual(3));
  expect(most).toBe(1);
});

test("stopping ends the probe under way and keeps nothing of it", async () => {
  const url = await stubServer(() => undefined);
  const onResult = vi.fn<(result: ProbeResult) => void>();
  const prober = startProber({
    spec: { ...spec, url, timeoutMs: 60_000 },
    probe: createProbe(Date.now),
    keep: 5,
    onResult,
  });
  const started = performance.now();
  await prober.stop();
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(prober.samples()).toEqual([]);
  expect(onResult).not.toHaveBeenCalled();
});

test("follows a real server that turns bad", async () => {
  let status = 200;
  const url = await stubServer((request, response) => sends(status, "")(request, response));
  const prober = start(createProbe(Date.now), { url });
  await eventually("passing", () => expect(prober.samples().at(-1)).toMatchObject({ value: 1 }));
  status = 503;
  await eventually("failing", () =>
    expect(prober.samples().slice(-3)).toMatchObject([{ value: 0 }, { value: 0 }, { value: 0 }]),
  );
});
