import type { Static, TSchema } from "typebox";
import type { Answer, Commands, Refusal } from "../daemon/commands.ts";
import type { Verb } from "./access/access.ts";
import { instant } from "./instant.ts";
import type { Once } from "./once.ts";
import { type Ask, type Outcome, type Route, route } from "./route.ts";
import * as schemas from "./change-schemas.ts";
import { NO_QUERY } from "./schemas.ts";

export interface ChangesSource {
  readonly commands: Commands;
  readonly once: Once;
  readonly now: () => number;
}

interface Change<Query extends TSchema, Body extends TSchema> extends Pick<
  Route<Query, Body>,
  "path" | "summary" | "query" | "body" | "answers" | "policyOf"
> {
  readonly verb: Verb;
  readonly act: (ask: Ask<Static<Query>, Static<Body>>) => Promise<Outcome>;
}

type MakeRoute = <Query extends TSchema, Body extends TSchema>(of: Change<Query, Body>) => Route;

/** What people can ask for. */
export function changeRoutes(source: ChangesSource): readonly Route[] {
  const { commands, once } = source;
  const change: MakeRoute = <Query extends TSchema, Body extends TSchema>(of: Change<Query, Body>) =>
    route<Query, Body>({
      ...of,
      method: "POST",
      permission: { scope: "operate", verb: of.verb },
      answer: (ask) => once(ask, () => of.act(ask)),
    });
  return [
    rollback(change, source),
    freeze(change, source),
    ...plainChanges(change, source),
    answerTo(change, commands, "approve"),
    answerTo(change, commands, "reject"),
  ];
}

function answerTo(change: MakeRoute, commands: Commands, verb: "approve" | "reject"): Route {
  return change({
    path: `/api/v1/decisions/:id/${verb}`,
    summary: verb === "approve" ? "Lets a decision that waits act" : "Has a decision that waits not act",
    verb: "approve",
    policyOf: ({ id = "" }) => commands.policyOfDecision(id),
    query: NO_QUERY,
    body: schemas.NOTE,
    answers: { 200: { description: "on record", schema: schemas.ANSWERED } },
    act: async ({ params: { id = "" }, body, by }) => outcome(200, await commands[verb](id, body, by)),
  });
}

function rollback(change: MakeRoute, { commands }: ChangesSource): Route {
  return change({
    path: "/api/v1/policies/:name/rollback",
    summary: "Rolls back; with dryRun says what would change, and changes nothing",
    verb: "rollback",
    query: schemas.DRY_RUN,
    body: schemas.ROLLBACK,
    answers: {
      200: { description: "the plan, for a dry run", schema: schemas.PLANNED },
      202: { description: "begun; the log tells how it goes on", schema: schemas.BEGUN },
    },
    act: async ({ params: { name = "" }, query, body: { dryRun, ...wanted }, by }) =>
      query.dryRun || dryRun === true
        ? outcome(200, await commands.plan(name, wanted))
        : outcome(202, await commands.rollback(name, wanted, by)),
  });
}

function freeze(change: MakeRoute, { commands, now }: ChangesSource): Route {
  return change({
    path: "/api/v1/policies/:name/freeze",
    summary: "Holds automation, for a time or until it is resumed",
    verb: "freeze",
    query: NO_QUERY,
    body: schemas.FREEZE,
    answers: { 200: { description: "on record, with all that stands", schema: schemas.FROZEN } },
    act: async ({ params: { name = "" }, body: { until, ...note }, by }) => {
      if (until === undefined) return outcome(200, await commands.freeze(name, note, by));
      const untilMs = Date.parse(until);
      // A leap second has the format of an instant and is none here: it must not freeze for ever.
      if (Number.isNaN(untilMs)) {
        return {
          problem: 400,
          detail: `\`until\` is ${until}, which is no instant; name one such as ${instant(now())}.`,
        };
      }
      if (untilMs <= now()) {
        return { problem: 400, detail: `\`until\` is ${until}, which is over already; name a later time.` };
      }
      return outcome(200, await commands.freeze(name, { ...note, untilMs }, by));
    },
  });
}

function plainChanges(change: MakeRoute, { commands }: ChangesSource): readonly Route[] {
  return [
    change({
      path: "/api/v1/policies/:name/resume",
      summary: "Ends one's own freeze, or that of `holder`",
      verb: "freeze",
      query: NO_QUERY,
      body: schemas.RESUME,
      answers: { 200: { description: "on record, with what stands still", schema: schemas.RESUMED } },
      act: async ({ params: { name = "" }, body, by }) => outcome(200, await commands.resume(name, body, by)),
    }),
    change({
      path: "/api/v1/policies/:name/releases",
      summary: "Tells of a version that went live; for script targets without a version query",
      verb: "release",
      query: NO_QUERY,
      body: schemas.RELEASE,
      answers: { 200: { description: "on record", schema: schemas.RELEASED } },
      act: async ({ params: { name = "" }, body, by }) =>
        outcome(200, await commands.release(name, body, by)),
    }),
  ];
}

const STATUS = { invalid: 400, "not-found": 404, refused: 409, unavailable: 503 } as const satisfies Record<
  Refusal["kind"],
  number
>;

/** Answers as a command did, with `status` where it was carried out. */
export function outcome(status: number, answer: Answer<object>): Outcome {
  if (!answer.ok) {
    const { kind, reason, detail, holders } = answer;
    const extra = { ...(reason !== undefined && { reason }), ...(holders && { holders }) };
    return { problem: STATUS[kind], detail, extra };
  }
  const { ok: _, ...body } = answer;
  return { status, body };
}
