import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { LogRecord, RecordBody } from "../../src/log/record.ts";
import { addressed } from "../../src/notifications/audience.ts";
import type { Delivery, Send } from "../../src/notifications/channel.ts";
import type { Message } from "../../src/notifications/message.ts";
import { startOutbox } from "../../src/notifications/outbox.ts";
import { createStatuspage } from "../../src/notifications/statuspage.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import { DEFAULT_STATUS_PAGE, type StatusPage } from "../../src/rules/status-page.ts";
import { eventually } from "../support/eventually.ts";
import { type FakeStatuspage, startFakeStatuspage } from "../support/statuspage.ts";
import { memoryLog, recordsOf } from "./memory-log.ts";
import { applied, decision, failed, started, trigger, verified } from "./story.ts";

const KEY = "0123456789-API-KEY";

let page: FakeStatuspage;
beforeEach(async () => {
  page = await startFakeStatuspage(KEY);
  onTestFinished(page.close);
});

function channel(statusPage: StatusPage = DEFAULT_STATUS_PAGE, apiKey = KEY, timeoutMs = 20_000): Send {
  const { url, pageId } = page;
  return createStatuspage({ apiKey: () => apiKey, pageId, url, pageOf: () => statusPage, timeoutMs });
}

/** What users are to be told by the records. */
function news(...bodies: readonly RecordBody[]): readonly Message[] {
  const teller = createTeller();
  return recordsOf(bodies)
    .flatMap(teller)
    .flatMap(addressed)
    .flatMap((to) => (to.channel === "statuspage" ? [to.message] : []));
}

async function tell(send: Send, messages: readonly Message[]): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  for (const message of messages) deliveries.push(await send(message));
  return deliveries;
}

/** As readers of the page see it, oldest first. */
const shown = (): readonly string[] =>
  page.incidents
    .toReversed()
    .flatMap(({ name, incident_updates }) =>
      [name].concat(incident_updates.toReversed().map(({ status, body }) => `${status}: ${body}`)),
    );

const statuses = () =>
  page.incidents
    .toReversed()
    .map(({ incident_updates }) => incident_updates.toReversed().map(({ status }) => status));

const asked = (maintenance?: true): RecordBody => ({
  type: "operator.rollback",
  policy: "api",
  target: "shop/api",
  decisionId: "d1",
  by: "token:alice",
  reason: "major-functionality-broken",
  ...(maintenance && { maintenance }),
});

describe("a rollback", () => {
  test("is one incident: created when it is decided, monitored when it is done, resolved when it is verified", async () => {
    const told = news(trigger("firing"), decision("d1"), started("d1"), applied("d1"), verified("d1"));
    const deliveries = await tell(channel(), told);
    expect(deliveries).toEqual(told.map(() => ({ kind: "delivered", reference: page.incidents[0]?.id })));
    expect(shown()).toEqual([
      "Problems with api",
      "identified: We have found a problem after a recent update and are going back to the version before it.",
      "monitoring: The version before the update is back. We are making sure that everything works again.",
      "resolved: The problem is solved. Everything works as usual.",
    ]);
  });

  test("that fails leaves the incident open with an update, until nothing fires any more", async () => {
    const story = [trigger("firing"), decision("d1"), started("d1"), failed("d1")];
    await tell(channel(), news(...story));
    expect(statuses()).toEqual([["identified", "identified"]]);
    await tell(channel(), news(...story, trigger("resolved")).slice(-1));
    expect(statuses()).toEqual([["identified", "identified", "resolved"]]);
  });

  test("that somebody's change overtook resolves the incident once nothing fires", async () => {
    const story = [trigger("firing"), decision("d1"), started("d1"), trigger("resolved")];
    await tell(channel(), news(...story, failed("d1", "superseded")));
    expect(statuses()).toEqual([["identified", "resolved"]]);
  });

  test("shows its components as the policy says, and as operational at its end", async () => {
    const components = { c1: "partial_outage", c2: "degraded_performance" } as const;
    const told = news(decision("d1"), applied("d1"), verified("d1"));
    await tell(channel({ ...DEFAULT_STATUS_PAGE, components }), told.slice(0, 2));
    expect(page.incidents[0]?.components).toEqual(components);
    await tell(channel({ ...DEFAULT_STATUS_PAGE, components }), told.slice(2));
    expect(page.incidents[0]?.components).toEqual({ c1: "operational", c2: "operational" });
  });

  test("is told in the policy's own words, with the fields that they may have", async () => {
    const own = {
      ...DEFAULT_STATUS_PAGE,
      titles: { incident: "Checkout is slow ({policy})", maintenance: "" },
      texts: { ...DEFAULT_STATUS_PAGE.texts, created: "From {from} to {to} since {started}, {unknown}." },
    };
    await tell(channel(own), news(decision("d1")));
    expect(shown()).toEqual([
      "Checkout is slow (api)",
      "identified: From revision 7 to revision 6 since 2026-01-01 00:00 UTC, {unknown}.",
    ]);
  });
});

describe("users read nothing internal", () => {
  test("no number, revision, record or name of a machine is in the words that come with rollbackd", async () => {
    await tell(channel(), news(trigger("firing"), decision("d1"), applied("d1"), failed("d1")));
    const text = JSON.stringify(shown());
    expect(text).not.toMatch(/\d|shop|error-rate|forbidden|rollbackd/);
  });

  test("an escalation, a hold and observe mode are no incident on the page", () => {
    const kinds = [
      { decision: "escalate", reason: "cooldown" },
      { decision: "hold", reason: "observe-mode" },
    ] as const;
    for (const kind of kinds) expect(news(decision("d1", kind))).toEqual([]);
  });

  test("a message without news is refused, should one ever get there", async () => {
    const { news: _, ...internal } = news(decision("d1"))[0] as Message;
    expect(await channel()(internal)).toMatchObject({ kind: "permanent" });
    expect(page.asked).toEqual([]);
  });
});

describe("maintenance that a person announces", () => {
  test("is scheduled, begins with the rollback, and is completed when that is verified", async () => {
    const components = { c1: "major_outage" } as const;
    const told = news(asked(true), decision("d1"), started("d1"), applied("d1"), verified("d1"));
    await tell(channel({ ...DEFAULT_STATUS_PAGE, components }), told.slice(0, 1));
    expect(page.incidents[0]).toMatchObject({
      name: "Maintenance of api",
      scheduled_for: "2026-01-01T00:00:00.000Z",
      scheduled_until: "2026-01-01T01:00:00.000Z",
      components: {},
    });
    await tell(channel({ ...DEFAULT_STATUS_PAGE, components }), told.slice(1, 3));
    expect(page.incidents[0]?.components).toEqual({ c1: "under_maintenance" });
    await tell(channel({ ...DEFAULT_STATUS_PAGE, components }), told.slice(3));
    expect(page.incidents[0]?.components).toEqual({ c1: "operational" });
    expect(statuses()).toEqual([["scheduled", "in_progress", "verifying", "completed"]]);
  });

  test("stays open when the rollback fails, and is closed when there is none", async () => {
    await tell(channel(), news(asked(true), decision("d1"), failed("d1")));
    expect(statuses()).toEqual([["scheduled", "in_progress", "in_progress"]]);
    const refused = decision("d1", { decision: "escalate", reason: "no-known-good-revision" });
    const [, cancelled] = news(asked(true), refused);
    await tell(channel(), [cancelled as Message]);
    expect(page.incidents[0]?.incident_updates[0]).toEqual({
      status: "completed",
      body: "The maintenance did not take place.",
    });
  });

  test("is not announced unless they ask for it; then users see an incident", () => {
    expect(news(asked(), decision("d1")).map((message) => message.news?.stage)).toEqual(["created"]);
  });
});

describe("one incident, whatever happens", () => {
  test("trap 32: an answer that gets lost is no second incident, and no second update", async () => {
    const [created, updated] = news(decision("d1"), applied("d1")) as [Message, Message];
    page.script("lost");
    expect(await channel()(created)).toMatchObject({ kind: "retry" });
    expect(await channel()(created)).toMatchObject({ kind: "delivered", reference: page.incidents[0]?.id });
    page.script("lost");
    expect(await channel()(updated)).toMatchObject({ kind: "retry" });
    expect(await channel()(updated)).toMatchObject({ kind: "delivered" });
    expect(statuses()).toEqual([["identified", "monitoring"]]);
  });

  test("what a person resolved by hand is not opened again by what is left to tell", async () => {
    const told = news(decision("d1"), applied("d1"), verified("d1"));
    await tell(channel(), told.slice(0, 1));
    const [incident] = page.incidents;
    if (incident !== undefined) incident.status = "resolved";
    expect(await tell(channel(), told)).toHaveLength(3);
    expect(statuses()).toEqual([["identified"]]);
  });

  test("another rollback of the same release, after the first was resolved, is another incident", async () => {
    await tell(channel(), news(decision("d1"), verified("d1")));
    await tell(channel(), news(decision("d2")));
    expect(statuses()).toEqual([["identified", "resolved"], ["identified"]]);
  });

  test("trap 32: a crash at any point between any two records makes one incident with each update once", async () => {
    const bodies = [trigger("firing"), decision("d1"), started("d1"), applied("d1"), verified("d1")];
    const whole = await logOf(bodies, []);
    expect(whole.filter(({ type }) => type === "notification.queued")).toHaveLength(3);
    for (let kept = 2; kept <= whole.length; kept += 1) {
      await page.close();
      page = await startFakeStatuspage(KEY);
      // What was told by then is on the page already, the last of it perhaps without a record of it.
      const before = whole.slice(0, kept);
      const told = before.filter(({ type }) => type === "notification.queued").length;
      await tell(channel(), news(...bodies).slice(0, told));
      await logOf(bodies.slice(before.filter(({ type }) => !type.startsWith("notification")).length), before);
      expect(statuses()).toEqual([["identified", "monitoring", "resolved"]]);
    }
  });
});

describe("what the API says", () => {
  const created = () => news(decision("d1"))[0] as Message;

  test.each([400, 401, 403, 404, 422])("%i is permanent", async (status) => {
    page.script({ status, body: '{"error":"no"}' });
    expect(await channel()(created())).toEqual({
      kind: "permanent",
      error: `Statuspage answered ${status}: {"error":"no"}`,
    });
  });

  test.each([420, 429])("trap 31: %i asks to come back later", async (status) => {
    page.script({ status, headers: { "retry-after": "60" } });
    expect(await channel()(created())).toMatchObject({ kind: "retry", notBeforeMs: 60_000 });
  });

  test.each([500, 502, 503])("%i may pass", async (status) => {
    page.script({ status });
    expect(await channel()(created())).toMatchObject({ kind: "retry" });
  });

  test("trap 34: no error holds the API key, whoever wrote it", async () => {
    page.script({ status: 422, body: `OAuth ${KEY}` }, { status: 502, body: KEY }, "hang");
    const send = channel();
    const impatient = channel(DEFAULT_STATUS_PAGE, KEY, 1_000);
    const deliveries = [await send(created()), await send(created()), await impatient(created())];
    const wrong = await channel(DEFAULT_STATUS_PAGE, "wrong-key-wrong-key")(created());
    expect([...deliveries, wrong].map(({ kind }) => kind)).toEqual([
      "permanent",
      "retry",
      "retry",
      "permanent",
    ]);
    expect(JSON.stringify([deliveries, wrong])).not.toMatch(/API-KEY|wrong-key/);
  });

  test("trap 33: title and text keep to what the API takes", async () => {
    const long = {
      ...DEFAULT_STATUS_PAGE,
      titles: { incident: "{policy}".repeat(100), maintenance: "" },
      texts: { ...DEFAULT_STATUS_PAGE.texts, created: "{from}".repeat(40_000) },
    };
    await tell(channel(long), news(decision("d1")));
    expect(page.incidents[0]?.name).toHaveLength(255);
    expect(page.incidents[0]?.incident_updates[0]?.body).toHaveLength(25_000);
  });
});

/** All records after the outbox has told everything that `bodies`, appended to `before`, cause. */
async function logOf(
  bodies: readonly RecordBody[],
  before: readonly LogRecord[],
): Promise<readonly LogRecord[]> {
  const log = memoryLog(before);
  const outbox = await startOutbox({
    append: log.append,
    onAppended: log.onAppended,
    history: log.history(),
    channels: { statuspage: channel() },
    channelsOf: () => ["statuspage"],
    backoff: { initialDelay: 1, maxDelay: 5 },
    paceOf: () => ({ burst: 1, everyMs: 0, atOnce: 1 }),
    now: () => Date.parse(log.records.at(-1)?.at ?? ""),
  });
  for (const body of bodies) await log.append(body);
  await eventually("all is told", () => {
    const ended = log.records.filter(({ type }) => type === "notification.delivered");
    expect(ended).toHaveLength(3);
  });
  await outbox.stop();
  return log.records;
}
