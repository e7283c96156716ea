import { expect, test } from "vitest";
import type { Message, News } from "../../src/notifications/message.ts";
import { newIncident } from "../../src/notifications/statuspage-incident.ts";
import type { StatusPage } from "../../src/rules/status-page.ts";
import { HOSTILE_PIECES } from "../support/hostile.ts";

const text = "From {from} to {to}.";
const page = {
  titles: { incident: text, maintenance: text },
  texts: { created: text },
  components: {},
  maintenanceMs: 0,
} as unknown as StatusPage;
const message = { policy: "api" } as Message;
const news = (from: string): News => ({
  stage: "created",
  key: "k",
  startedAt: "2026-01-01T00:00:00.000Z",
  from,
  to: "v1",
});

test("the public page shows a version that is a name", () => {
  for (const from of ["v2", "1.4.2-rc.1+build", "api:7,worker:4", "registry.example:5000/api:1"])
    expect(newIncident(message, news(from), page).body).toBe(`From ${from} to v1.`);
});

test("the public page shows no version that could be markup, a link or a control character", () => {
  const hostile = HOSTILE_PIECES.filter((piece) => /[^\w.+:/,-]|www/u.test(piece)).map(
    (piece) => `v2${piece}`,
  );
  for (const from of [...hostile, "www.evil.example", "https://evil.example", "v".repeat(200)]) {
    const { name, body } = newIncident(message, news(from), page);
    expect([name, body]).toEqual(["From the new version to v1.", "From the new version to v1."]);
  }
});
