import { describe, expect, test } from "vitest";
import type { RecordBody } from "../../src/log/record.ts";
import { addressed } from "../../src/notifications/audience.ts";
import { incidentKey } from "../../src/notifications/message.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import { recordsOf } from "./memory-log.ts";
import { applied, decision, failed, observed, started, trigger, verified } from "./story.ts";

const KEY = "rollbackd/shop/api/shop/api@7";
const FAILED = `${KEY}/failed/d1`;

/** What is told by each record: `event key`. */
function told(...bodies: readonly RecordBody[]): string[][] {
  const teller = createTeller();
  return recordsOf(bodies).map((record) =>
    teller(record).map(({ event, dedupKey }) => `${event} ${dedupKey}`),
  );
}

test("a trigger that fires again after a verified rollback pages, unless it only observes", () => {
  const relapse = {
    decisionId: "d0",
    verifiedAt: "2026-03-02T09:58:00.000Z",
    trigger: "error-rate",
    afterMs: 120_000,
  };
  const again = (changes: Parameters<typeof decision>[1]): RecordBody => ({
    ...decision("d1", changes),
    relapse,
  });
  expect(told(again({ decision: "escalate", reason: "cooldown" }))).toEqual([[`trigger ${KEY}`]]);
  expect(told(again({ decision: "hold", reason: "frozen" }))).toEqual([[`trigger ${KEY}`]]);
  expect(told(again({ decision: "hold", reason: "observe-mode" }))).toEqual([[`info ${KEY}`]]);
  const otherReasons = ["observe-mode"] as const;
  expect(told(again({ decision: "escalate", reason: "cooldown", otherReasons }))).toEqual([[`info ${KEY}`]]);
});

describe("a rollback", () => {
  test("pages when it is decided, informs when it is done, resolves when it is verified: one key", () => {
    const records = [
      trigger("firing"),
      decision("d1"),
      started("d1"),
      applied("d1"),
      trigger("resolved"),
      verified("d1"),
    ];
    expect(told(...records)).toEqual([[], [`trigger ${KEY}`], [], [`info ${KEY}`], [], [`resolve ${KEY}`]]);
  });

  test("trap 32: that was decided and never begun, for the daemon died in between, is resolved when its triggers are", () => {
    const records = [trigger("firing"), decision("d1"), trigger("resolved")];
    expect(told(...records)).toEqual([[], [`trigger ${KEY}`], [`resolve ${KEY}`]]);
  });

  test("that fails rings with a key of its own, and both keys are resolved when its triggers are", () => {
    const records = [trigger("firing"), decision("d1"), started("d1"), failed("d1"), trigger("resolved")];
    expect(told(...records)).toEqual([
      [],
      [`trigger ${KEY}`],
      [],
      [`trigger ${FAILED}`],
      [`resolve ${KEY}`, `resolve ${FAILED}`],
    ]);
    const [page] = recordsOf(records).map(createTeller())[3] ?? [];
    expect(page).toMatchObject({ severity: "critical", incident: KEY });
  });

  test("that fails pages once, also when what it put back fires, until that is quiet", () => {
    const putBack = { release: "shop/api@8", revision: "8", cause: "rollback" } as const;
    const records = [
      trigger("firing"),
      decision("d1"),
      started("d1"),
      applied("d1"),
      observed(putBack),
      failed("d1", "recovery-timeout"),
      decision("d2", { decision: "escalate", reason: "no-known-good-revision", release: putBack.release }),
      trigger("resolved"),
    ];
    expect(told(...records).slice(5)).toEqual([
      [`trigger ${FAILED}`],
      [`trigger ${KEY}`],
      [`resolve ${KEY}`, `resolve ${FAILED}`],
    ]);
  });

  test("that fails does not take the page of a release that a person deploys after it", () => {
    const records = [
      trigger("firing"),
      decision("d1"),
      started("d1"),
      failed("d1"),
      observed({ release: "shop/api@8", revision: "8", cause: "deploy" }),
      decision("d2", { decision: "escalate", reason: "cooldown", release: "shop/api@8" }),
    ];
    expect(told(...records).at(-1)).toEqual(["trigger rollbackd/shop/api/shop/api@8"]);
  });

  test("that fails after its triggers resolved ends when a person deploys something else, or rolls back", () => {
    const quiet = [
      trigger("firing"),
      decision("d1"),
      started("d1"),
      applied("d1"),
      trigger("resolved"),
      failed("d1", "smoke-failed"),
    ];
    const both = [`resolve ${KEY}`, `resolve ${FAILED}`];
    const deployed = observed({ release: "shop/api@9", revision: "9", cause: "deploy" });
    expect(told(...quiet, deployed).at(-1)).toEqual(both);
    expect(
      told(...quiet, observed({ release: "shop/api@8", revision: "8", cause: "rollback" })).at(-1),
    ).toEqual([]);
    const other = { release: "shop/api@8" };
    const rolledBack = [
      decision("d2", other),
      { ...started("d2"), ...other },
      { ...verified("d2"), ...other },
    ];
    expect(told(...quiet, ...(rolledBack as RecordBody[])).at(-1)).toEqual([
      "resolve rollbackd/shop/api/shop/api@8",
      ...both,
    ]);
  });

  test("that fails twice rings twice, and a third that works resolves every key", () => {
    const again = [decision("d2"), started("d2"), failed("d2")];
    const third = [decision("d3"), started("d3"), applied("d3"), verified("d3")];
    const records = [trigger("firing"), decision("d1"), started("d1"), failed("d1"), ...again, ...third];
    const keys = [KEY, FAILED, `${KEY}/failed/d2`];
    expect(
      told(...records)
        .flat()
        .filter((each) => each.startsWith("trigger")),
    ).toEqual([KEY, FAILED, KEY, `${KEY}/failed/d2`, KEY].map((key) => `trigger ${key}`));
    expect(told(...records).at(-1)).toEqual(keys.map((key) => `resolve ${key}`));
  });

  test("whose policy goes from the rules ends with every key", () => {
    const gone: RecordBody = { type: "rules.loaded", policies: [] };
    const records = [trigger("firing"), decision("d1"), started("d1"), failed("d1"), gone];
    expect(told(...records).at(-1)).toEqual([`resolve ${KEY}`, `resolve ${FAILED}`]);
  });

  test("closes the page of a failure at PagerDuty and the webhook, and says its end in Slack once", () => {
    const records = [trigger("firing"), decision("d1"), started("d1"), failed("d1"), trigger("resolved")];
    const ends = recordsOf(records).map(createTeller()).at(-1) ?? [];
    expect(ends.map((each) => addressed(each).map(({ channel }) => channel))).toEqual([
      ["slack", "pagerduty", "statuspage", "webhook"],
      ["pagerduty", "webhook"],
    ]);
  });

  test("that was approved and then cannot be done rings, though the page that asked is open", () => {
    const waits: RecordBody = {
      ...decision("d1", { decision: "escalate", reason: "awaiting-approval" }),
      approveUntil: "2026-03-02T10:30:00.000Z",
    };
    const approved: RecordBody = {
      type: "operator.approve",
      policy: "api",
      by: "token:alice",
      decisionId: "d1",
    };
    const blocked = decision("d2", { decision: "escalate", reason: "target-not-ready" });
    const records = [trigger("firing"), waits, approved, blocked, trigger("resolved")];
    expect(told(...records).slice(3)).toEqual([
      [`trigger ${KEY}/blocked/d2`],
      [`resolve ${KEY}`, `resolve ${KEY}/blocked/d2`],
    ]);
    // Without an approval nobody went back to bed: the page that is open is told more.
    expect(told(trigger("firing"), waits, blocked).at(-1)).toEqual([`trigger ${KEY}`]);
  });

  test("of a trigger that only observes pages nothing, whatever stands in the way", () => {
    const observes = decision("d1", {
      decision: "escalate",
      reason: "cooldown",
      otherReasons: ["observe-mode"],
    });
    expect(told(trigger("firing"), observes, trigger("resolved")).flat()).toEqual([`info ${KEY}`]);
  });

  test("trap 21: that somebody's change overtook asks nobody to restore anything, and ends with the triggers", () => {
    const overtaken = [trigger("firing"), decision("d1"), started("d1"), failed("d1", "superseded")];
    expect(told(...overtaken, trigger("resolved")).slice(3)).toEqual([
      [`trigger ${KEY}`],
      [`resolve ${KEY}`],
    ]);
    const recovered = [
      trigger("firing"),
      decision("d1"),
      started("d1"),
      trigger("resolved"),
      failed("d1", "superseded"),
    ];
    expect(told(...recovered).at(-1)).toEqual([`resolve ${KEY}`]);
    const [end] = recordsOf(overtaken).map(createTeller()).at(-1) ?? [];
    expect(end?.severity).toBe("warning");
    expect([end?.title, ...(end?.lines ?? [])].join(" ")).not.toMatch(/needs you|failed|restore/);
  });

  test("is as loud as its trigger's author wants, and carries the policy's runbook", () => {
    const asked = { ...decision("d1"), severity: "warning", runbook: "https://wiki/shop" } as const;
    const messages = recordsOf([trigger("firing"), asked, started("d1"), failed("d1")]).flatMap(
      createTeller(),
    );
    expect(messages[0]?.severity).toBe("warning");
    for (const { runbook } of messages) expect(runbook).toBe("https://wiki/shop");
  });

  test("says from where to where, and with which numbers", () => {
    const teller = createTeller();
    const [made, done, end] = recordsOf([decision("d1"), applied("d1"), verified("d1")]).map(teller);
    expect(made?.[0]?.title).toBe("error-rate fires after revision 7: rolling back shop/api to revision 6");
    expect(made?.[0]?.lines.join(" ")).toMatch(/11\.2 %, above 5 % for 1 min.*how the rollback ends/);
    expect(done?.[0]?.title).toBe("The rollback of shop/api to revision 6 was accepted");
    expect(end?.[0]?.title).toBe("shop/api has recovered on revision 6");
    expect(made?.[0]?.logHead).toMatch(/^[0-9a-f]{64}@1$/);
  });
});

describe("a page", () => {
  const images = (tag: string) => ({ images: { api: `registry.example/api:${tag}` } });
  const tagged: RecordBody = {
    ...decision("d1"),
    headline: "22 % errors",
    from: { revision: "7", digest: "d7", ...images("v2-errors") },
    to: { revision: "6", digest: "d6", ...images("v1") },
  };

  test("says value, release and what is done in its first line", () => {
    const title = (body: RecordBody) => recordsOf([body]).flatMap(createTeller())[0]?.title;
    expect(title(tagged)).toBe("22 % errors after v2-errors: rolling back shop/api to v1");
    expect(title({ ...tagged, decision: "escalate", reason: "cooldown" })).toBe(
      "shop/api needs you: 22 % errors after v2-errors, not rolled back (cooldown)",
    );
  });

  test("of the end names the images, not the numbers that the cluster changed", () => {
    const ends = [verified("d1"), failed("d1")].map(
      (end) =>
        recordsOf([tagged, started("d1"), end])
          .map(createTeller())
          .at(-1)?.[0],
    );
    expect(ends[0]?.title).toBe("shop/api has recovered on v1");
    expect(ends[0]?.lines.at(-1)).toMatch(/what is wrong with v2-errors/u);
    expect(ends[1]?.title).toMatch(/^shop\/api needs you: the rollback to v1 failed \(forbidden\): /u);
    expect(ends[1]?.lines.join(" ")).toMatch(/still runs v2-errors/u);
  });
});

describe("calling for help", () => {
  const escalated = decision("d1", { decision: "escalate", reason: "no-known-good-revision" });

  test("pages, and is resolved when all triggers of the policy have resolved", () => {
    const records = [
      trigger("firing"),
      trigger("firing", "p95"),
      escalated,
      trigger("resolved"),
      trigger("resolved", "p95"),
      trigger("resolved", "p95"),
    ];
    expect(told(...records)).toEqual([[], [], [`trigger ${KEY}`], [], [`resolve ${KEY}`], []]);
  });

  test("an unknown trigger has not resolved", () => {
    const records = [trigger("firing"), escalated, trigger("unknown"), trigger("resolved", "p95")];
    expect(told(...records).at(-1)).toEqual([]);
    expect(told(...records, trigger("resolved")).at(-1)).toEqual([`resolve ${KEY}`]);
  });

  test("that turns into a rollback is resolved by its verification, once", () => {
    const records = [
      trigger("firing"),
      escalated,
      decision("d2"),
      started("d2"),
      trigger("resolved"),
      verified("d2"),
      trigger("resolved"),
    ];
    expect(told(...records)).toEqual([
      [],
      [`trigger ${KEY}`],
      [`trigger ${KEY}`],
      [],
      [],
      [`resolve ${KEY}`],
      [],
    ]);
  });
});

describe("holding", () => {
  test("in observe mode tells what would have been done and pages nobody", () => {
    expect(told(decision("d1", { decision: "hold", reason: "observe-mode" }))).toEqual([[`info ${KEY}`]]);
  });

  test.each(["frozen", "vetoed"] as const)("for %s is told once an episode and pages nobody", (reason) => {
    const hold = (id: string) => decision(id, { decision: "hold", reason });
    const fires = trigger("firing");
    expect(told(fires, hold("d1"), hold("d2"), trigger("unknown"), hold("d3"))).toEqual([
      [],
      [`info ${KEY}`],
      [],
      [],
      [],
    ]);
    expect(told(fires, hold("d1"), trigger("resolved"), fires, hold("d2")).at(-1)).toEqual([`info ${KEY}`]);
  });

  test.each(["superseded", "rule-changed", "window-before-release", "not-leader"] as const)(
    "for %s tells nobody",
    (reason) => expect(told(decision("d1", { decision: "hold", reason }))).toEqual([[]]),
  );
});

test("trap 19: blind pages once under the policy's own key and is resolved by sight", () => {
  const blind: RecordBody = {
    type: "evaluation.blind",
    policy: "api",
    since: "2026-01-01T00:00:00.000Z",
    reason: "x",
  };
  expect(told(blind, { type: "evaluation.sighted", policy: "api", blindMs: 5000 })).toEqual([
    ["trigger rollbackd/blind/api"],
    ["resolve rollbackd/blind/api"],
  ]);
});

test("trap 19: blindness of a policy that only observes pages nobody, and sight tells it as quietly", () => {
  const blind: RecordBody = {
    type: "evaluation.blind",
    policy: "api",
    since: "2026-01-01T00:00:00.000Z",
    reason: "x",
    observes: true,
  };
  const sighted: RecordBody = { type: "evaluation.sighted", policy: "api", blindMs: 5000 };
  expect(told(blind, sighted)).toEqual([["info rollbackd/blind/api"], ["info rollbackd/blind/api"]]);
  const { observes: _, ...acts } = blind;
  expect(told(blind, acts, sighted)).toEqual([
    ["info rollbackd/blind/api"],
    ["trigger rollbackd/blind/api"],
    ["resolve rollbackd/blind/api"],
  ]);
});

test("trap 11: rejected rules page until rules are loaded; loading without a rejection tells nobody", () => {
  const loaded: RecordBody = { type: "rules.loaded", policies: [] };
  const rejected: RecordBody = { type: "rules.rejected", problems: ["rules/a.yaml:3:5 unknown key"] };
  expect(told(loaded, rejected, loaded, loaded)).toEqual([
    [],
    ["trigger rollbackd/rules"],
    ["resolve rollbackd/rules"],
    [],
  ]);
});

describe("a load of rules that changes something", () => {
  const loaded = (changes: readonly string[]): RecordBody => ({
    type: "rules.loaded",
    policies: [],
    changes,
  });
  const teller = (...bodies: readonly RecordBody[]) => {
    const tell = createTeller();
    return recordsOf(bodies).flatMap((record) => tell(record));
  };

  test("is told with each change, and pages nobody", () => {
    const [message, ...others] = teller(loaded(["api: error-rate: above 5 % → 3 %"]));
    expect(others).toEqual([]);
    expect(message).toMatchObject({ event: "info", title: "Rules changed: 1 change" });
    expect(message?.lines[0]).toBe("api: error-rate: above 5 % → 3 %");
  });

  test("is told together with the end of a rejection", () => {
    const messages = teller({ type: "rules.rejected", problems: ["x"] }, loaded(["api: policy removed"]));
    expect(messages.map(({ event }) => event)).toEqual(["trigger", "resolve"]);
    expect(messages.at(-1)?.lines).toContain("api: policy removed");
  });

  test("names the record of the log where there are more changes than a message takes", () => {
    const [message] = teller(loaded(Array.from({ length: 50 }, (_, at) => `p${at}: policy removed`)));
    expect(message?.lines.length).toBe(22);
    expect(message?.lines).toContain("… and 30 more: rollbackd log show 1");
  });
});

describe("a policy that is taken out of the rules", () => {
  const inForce = (...names: readonly string[]): RecordBody => ({
    type: "rules.loaded",
    policies: names.map((name) => ({ policy: name, hash: name, triggers: {} })),
  });
  const escalated = decision("d1", { decision: "escalate", reason: "cooldown" });
  const blind: RecordBody = {
    type: "evaluation.blind",
    policy: "api",
    since: "2026-01-01T00:00:00.000Z",
    reason: "x",
  };

  test("leaves no page open", () => {
    const records = [trigger("firing"), escalated, blind, inForce("other")];
    expect(told(...records).at(-1)).toEqual([`resolve ${KEY}`, "resolve rollbackd/blind/api"]);
    expect(told(...records, inForce("other"), trigger("resolved")).slice(4)).toEqual([[], []]);
  });

  test("closes nothing that others still have to do with, or that is still in the rules", () => {
    expect(told(trigger("firing"), escalated, blind, inForce("api", "other")).at(-1)).toEqual([]);
    const broken = [trigger("firing"), decision("d1"), started("d1"), trigger("resolved"), failed("d1")];
    expect(told(...broken, inForce("api")).at(-1)).toEqual([]);
    const shared = [trigger("firing"), trigger("firing", "error-rate", "other"), escalated];
    const also = decision("d2", { decision: "escalate", reason: "cooldown", policy: "other" });
    expect(told(...shared, also, inForce("other")).at(-1)).toEqual([]);
    expect(
      told(...shared, also, inForce("other"), trigger("resolved", "error-rate", "other")).at(-1),
    ).toEqual([`resolve ${KEY}`]);
  });
});

test("trap 33: a key that is too long is cut, and stays another key", () => {
  const long = "x".repeat(300);
  const key = incidentKey(`${long}/a`, undefined);
  expect(key).toHaveLength(255);
  expect(key).not.toBe(incidentKey(`${long}/b`, undefined));
  expect(key).toBe(incidentKey(`${long}/a`, undefined));
});
