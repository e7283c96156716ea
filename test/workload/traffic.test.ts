import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startTraffic, type Traffic, type TrafficOptions } from "./traffic.ts";

const cleanups: (() => unknown)[] = [];
afterEach(() => Promise.all(cleanups.splice(0).map((cleanup) => cleanup())));

async function listen(onRequest: () => void, status = 200): Promise<string> {
  const server = createServer((_request, response) => {
    onRequest();
    if (status > 0) {
      response.writeHead(status).end();
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const address = server.address();
  return `http://127.0.0.1:${address === null || typeof address === "string" ? "" : address.port}/`;
}

function start(options: TrafficOptions): Traffic {
  const traffic = startTraffic(options);
  cleanups.unshift(traffic.stop);
  return traffic;
}

it("every target gets its turn, and answers are told apart", async () => {
  let good = 0;
  let bad = 0;
  const targets = [await listen(() => (good += 1)), await listen(() => (bad += 1), 500)];
  const traffic = start({ targets: () => targets, perSecond: 200 });
  await eventually("ten errors", () => expect(traffic.counts().errors).toBeGreaterThanOrEqual(10));
  traffic.setRate(0);
  await eventually("all have arrived", () => expect(Math.abs(good - bad)).toBeLessThanOrEqual(1));
  expect(traffic.counts()).toMatchObject({ lost: 0, skipped: 0 });
});

it("no more requests are under way than allowed, however slow the answers", async () => {
  let open = 0;
  const target = await listen(() => (open += 1), 0);
  const traffic = start({ targets: () => [target], perSecond: 500, maxInFlight: 3 });
  await eventually("three are under way", () => expect(open).toBe(3));
  const before = traffic.counts().skipped;
  await eventually("many are skipped", () => expect(traffic.counts().skipped).toBeGreaterThan(before + 20));
  expect(open).toBe(3);
});

it("nobody to send to is no failure", async () => {
  const traffic = start({ targets: () => [], perSecond: 500 });
  await eventually("some are skipped", () => expect(traffic.counts().skipped).toBeGreaterThan(5));
  expect(traffic.counts()).toMatchObject({ ok: 0, errors: 0, lost: 0 });
});
