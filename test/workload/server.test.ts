import { afterEach, expect, it } from "vitest";
import { startChild, type Child } from "../cluster/child.ts";
import { vcciApiImages } from "../cluster/images.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";

let child: Child | undefined;
afterEach(() => child?.stop(1000));

async function serve(image: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const known = vcciApiImages[image];
  const port = String(await freePort());
  child = await startChild(known?.command ?? [], { ...known?.env, ...env, PORT: port });
  const base = `http://127.0.0.1:${port}`;
  await eventually(`${image} answers`, () => fetch(`${base}/health/live`));
  return base;
}

async function statuses(base: string, requests: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let i = 0; i < requests; i += 1) {
    found.push((await fetch(base)).status);
  }
  return found;
}

it("errors come as evenly as the rate says, and are counted", async () => {
  const base = await serve("vcci-api:v2");
  expect(await statuses(base, 8)).toEqual([200, 200, 200, 500, 200, 200, 200, 500]);
  const metrics = await (await fetch(`${base}/metrics`)).text();
  expect(metrics).toContain('http_requests_total{status="500",version="v2"} 2\n');
  expect(metrics).toContain('http_request_duration_seconds_bucket{version="v2",le="+Inf"} 8\n');
  expect(metrics).toContain('app_build_info{version="v2"} 1\n');
});

it("health requests are not work: they count nowhere", async () => {
  const base = await serve("vcci-api:v1");
  await fetch(`${base}/health/ready`);
  expect(await (await fetch(`${base}/metrics`)).text()).toContain(
    'http_requests_total{status="200",version="v1"} 0\n',
  );
});

it("health fails when its time is over", async () => {
  const base = await serve("vcci-api:v1", { HEALTH_FAIL_AFTER_MS: "3000" });
  expect((await fetch(`${base}/health/ready`)).status).toBe(200);
  await eventually("not ready", async () => {
    expect((await fetch(`${base}/health/ready`)).status).toBe(503);
  });
  expect((await fetch(base)).status).toBe(200);
});

it("behaviour changes at run time, one setting at a time", async () => {
  const base = await serve("vcci-api:v1");
  await fetch(`${base}/control`, { method: "POST", body: JSON.stringify({ errorRate: 1 }) });
  await fetch(`${base}/control`, { method: "POST", body: JSON.stringify({ ready: "fail" }) });
  expect(await statuses(base, 2)).toEqual([500, 500]);
  expect((await fetch(`${base}/health/ready`)).status).toBe(503);
});

it("SIGTERM lets a request finish, and no idle connection holds it up", async () => {
  const base = await serve("vcci-api:v1", { LATENCY_MS: "2000" });
  const answer = fetch(base);
  await eventually("the request is under way", async () => {
    expect(await (await fetch(`${base}/metrics`)).text()).toContain(
      'http_requests_in_flight{version="v1"} 1\n',
    );
  });
  child?.signal("SIGTERM");
  expect((await answer).status).toBe(200);
  // Node keeps an idle connection for five seconds.
  await eventually("it ended", () => expect(child?.ending()?.exitCode).toBe(0), { withinMs: 4000 });
});
