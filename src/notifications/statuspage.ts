import type { StatusPage } from "../rules/status-page.ts";
import type { Delivery, Send } from "./channel.ts";
import { type Answer, createClient, failed, readSecret, withoutSecrets } from "./http.ts";
import type { Message, News } from "./message.ts";
import { CLOSED, incidentChange, type IncidentChange, newIncident } from "./statuspage-incident.ts";

/** The part of an incident that matters here, as API v1 gives it. */
interface Incident {
  readonly id: string;
  readonly status?: string;
  readonly metadata?: { readonly rollbackd?: { readonly key?: string; readonly decision?: string } } | null;
  readonly incident_updates?: readonly { readonly status?: string; readonly body?: string | null }[] | null;
}

type Call = (method: "GET" | "POST" | "PATCH", address: string, incident?: object) => Promise<Answer>;

type Step =
  | { readonly kind: "create" }
  | { readonly kind: "change"; readonly id: string }
  /** It is on the page, or what it would be added to is not. */
  | { readonly kind: "nothing"; readonly id: string | undefined };

/**
 * Tells users on a page of Atlassian Statuspage (API v1). What is on the page already is looked up before every step,
 * by the metadata that it was made with: an attempt whose answer got lost, or a crash after it, makes no second one.
 * `apiKey` is asked at each attempt; `url` is where the API begins, without a slash at its end.
 */
export function createStatuspage(options: {
  readonly apiKey: () => string;
  readonly pageId: string;
  readonly url: string;
  /** What the policy says about the page, by the rules in force. */
  readonly pageOf: (policy: string | undefined) => StatusPage;
  readonly timeoutMs?: number;
}): Send {
  const ask = createClient("Statuspage", options);
  const incidents = `${options.url}/pages/${encodeURIComponent(options.pageId)}/incidents`;
  return async (message) => {
    const { news } = message;
    // Nobody sends it here; should it happen, users must not read it.
    if (news === undefined) return { kind: "permanent", error: "this is not for users of a status page" };
    const apiKey = readSecret("the API key of Statuspage", options.apiKey);
    if (typeof apiKey !== "string") return apiKey;
    const call: Call = (method, address, incident) =>
      ask({
        method,
        url: address,
        headers: { authorization: `OAuth ${apiKey}`, "content-type": "application/json" },
        body: incident === undefined ? undefined : JSON.stringify({ incident }),
      });
    const delivery = await publish(message, news, call);
    return delivery.kind === "delivered"
      ? delivery
      : { ...delivery, error: withoutSecrets(delivery.error, [apiKey]) };
  };

  async function publish(message: Message, news: News, call: Call): Promise<Delivery> {
    const listed = await call("GET", `${incidents}?limit=100`);
    if (listed.kind !== "success") return listed;
    const known = parseIncidents(listed.text);
    if (known === undefined) return failed("Statuspage", listed, "gave no list of incidents");
    const page = options.pageOf(message.policy);
    const change = incidentChange(message, news, page);
    const step = nextStep(known, { message, news, change });
    if (step.kind === "nothing") return delivered(step.id);
    const answer =
      step.kind === "create"
        ? await call("POST", incidents, newIncident(message, news, page))
        : await call("PATCH", `${incidents}/${encodeURIComponent(step.id)}`, change);
    return answer.kind === "success" ? delivered(idIn(answer.text)) : answer;
  }
}

/** What is to be done about the page, by what is on it; newest first, as the API lists it. */
function nextStep(
  known: readonly Incident[],
  {
    message,
    news,
    change,
  }: { readonly message: Message; readonly news: News; readonly change: IncidentChange },
): Step {
  const opens = news.stage === "created" || news.stage === "announced";
  const own = known.filter(({ metadata }) => metadata?.rollbackd?.key === news.key);
  const open = own.find(({ status }) => !CLOSED.has(status ?? ""));
  const made = own.find(
    ({ metadata }) =>
      message.decisionId !== undefined && metadata?.rollbackd?.decision === message.decisionId,
  );
  if (opens && made !== undefined) return { kind: "nothing", id: made.id };
  if (open === undefined) return opens ? { kind: "create" } : { kind: "nothing", id: undefined };
  const isThere = open.incident_updates?.some(
    ({ status, body }) => status === change.status && body === change.body,
  );
  return isThere === true ? { kind: "nothing", id: open.id } : { kind: "change", id: open.id };
}

function delivered(id: string | undefined): Delivery {
  return { kind: "delivered", ...(id === undefined ? {} : { reference: id }) };
}

function parseIncidents(text: string): readonly Incident[] | undefined {
  const list = parse(text);
  return Array.isArray(list)
    ? (list as readonly Incident[]).filter((one) => typeof one?.id === "string")
    : undefined;
}

function idIn(text: string): string | undefined {
  const made = parse(text) as Partial<Incident> | null | undefined;
  return typeof made?.id === "string" ? made.id : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
