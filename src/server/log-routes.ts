import { Type } from "typebox";
import type { History } from "../daemon/history.ts";
import type { RunningPolicy } from "../daemon/run-policy.ts";
import { withMemory } from "../daemon/target-facts.ts";
import { byDecision, type LogFilter, readNewest } from "../log/reader.ts";
import type { LogRecord } from "../log/record.ts";
import { isRevision } from "../releases/release.ts";
import { gatherIncident } from "../report/gather.ts";
import { reportDocument } from "../report/document.ts";
import { type PeopleSource, peopleJsonOf } from "./people-json.ts";
import { type Outcome, type Route, route } from "./route.ts";
import {
  DECISIONS,
  DECISIONS_QUERY,
  NO_QUERY,
  ONE_DECISION,
  RECORDS,
  RECORDS_QUERY,
  RELEASES,
  RELEASES_QUERY,
} from "./schemas.ts";

export interface LogSource {
  /** Takes secrets out of what is shown as text. */
  readonly scrub: (text: string) => string;
  /** Of the decision log. */
  readonly folder: string;
  readonly running: () => readonly RunningPolicy[];
  readonly people: PeopleSource & { readonly history: Pick<History, "rollbacks" | "promoted"> };
}

const MARKDOWN = "text/markdown; charset=utf-8";
const READ = { scope: "read", verb: "get" } as const;

/** What is read from the end of the log: never more of it than the page needs. */
export function logRoutes(source: LogSource): readonly Route[] {
  return [...listRoutes(source), ...decisionRoutes(source)];
}

function listRoutes({ folder, running, people: { history } }: LogSource): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/releases",
      summary: "Releases, newest first",
      permission: READ,
      query: RELEASES_QUERY,
      answers: { 200: { description: "a page of releases", schema: RELEASES } },
      answer: async ({ query }) => {
        const { records, nextCursor } = await page(folder, { type: "release.observed", ...query });
        return {
          status: 200,
          body: { releases: records.flatMap(releaseJson(running(), history)), nextCursor },
        };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/decisions",
      summary: "Decisions, newest first",
      permission: READ,
      query: DECISIONS_QUERY,
      answers: { 200: { description: "a page of decisions", schema: DECISIONS } },
      answer: async ({ query }) => {
        const { records, nextCursor } = await page(folder, { type: "decision.made", ...filterOf(query) });
        return { status: 200, body: { decisions: records, nextCursor } };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/records",
      summary: "Records of the log of whatever type, newest first",
      permission: READ,
      query: RECORDS_QUERY,
      answers: { 200: { description: "a page of records", schema: RECORDS } },
      answer: async ({ query }) => ({
        status: 200,
        body: await page(folder, filterOf(query)),
      }),
    }),
  ];
}

function decisionRoutes({ folder, scrub, people }: LogSource): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/decisions/:id",
      summary: "One decision with its evidence, what was done and who was told",
      permission: READ,
      query: NO_QUERY,
      answers: { 200: { description: "the decision and its records", schema: ONE_DECISION } },
      answer: async ({ params: { id = "" } }) => {
        const records = await byDecision(folder, id);
        const decision = records.find((record) => record.type === "decision.made");
        if (decision === undefined) return unknown(id);
        return { status: 200, body: { decision, ...peopleJsonOf(decision, people), records } };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/decisions/:id/report",
      summary: "Everything about one decision as a Markdown document",
      permission: READ,
      query: NO_QUERY,
      answers: { 200: { description: "the document", type: MARKDOWN, schema: Type.String() } },
      answer: async ({ params: { id = "" } }) => {
        const incident = await gatherIncident(folder, id);
        return incident === undefined
          ? unknown(id)
          : { status: 200, type: MARKDOWN, body: reportDocument(incident, scrub) };
      },
    }),
  ];
}

function unknown(id: string): Outcome {
  return {
    problem: 404,
    detail: `There is no decision ${id} in the log. GET /api/v1/decisions lists them.`,
  };
}

/** Times as the reader takes them. */
function filterOf<Query extends { readonly from?: string; readonly to?: string }>({
  from,
  to,
  ...query
}: Query) {
  return {
    ...query,
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  };
}

/** The cursor is a record's number, which stays what it is while others are appended. */
async function page(
  folder: string,
  { limit, cursor, ...filter }: LogFilter & { readonly limit: number; readonly cursor?: number },
): Promise<{ readonly records: readonly LogRecord[]; readonly nextCursor: number | undefined }> {
  const records: LogRecord[] = [];
  const before = cursor === undefined ? {} : { beforeSeq: cursor };
  for await (const record of readNewest(folder, { ...filter, ...before })) {
    // One more than is asked for says whether there is another page.
    if (records.length === limit) return { records, nextCursor: records.at(-1)?.seq };
    records.push(record);
  }
  return { records, nextCursor: undefined };
}

function releaseJson(running: readonly RunningPolicy[], history: LogSource["people"]["history"]) {
  return (record: LogRecord): readonly object[] => {
    if (record.type !== "release.observed") return [];
    const { policy, release, target, revision, digest, previous, startedAt, cause, at } = record;
    const lookup = running.find((each) => each.policy.name === policy)?.carried().lookup;
    const snapshot = lookup?.ok ? lookup.snapshot : undefined;
    const facts = snapshot && withMemory(snapshot, history);
    const known = facts && [facts.release.revision, ...facts.earlier];
    return [
      {
        policy,
        release,
        target,
        revision,
        digest,
        previous,
        startedAt,
        observedAt: at,
        cause,
        current: snapshot?.release.id === release,
        standing: known?.find((each) => isRevision(each, digest))?.standing,
      },
    ];
  };
}
