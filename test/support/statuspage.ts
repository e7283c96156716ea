import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

interface Update {
  readonly status: string;
  readonly body: string;
}

export interface PageIncident {
  readonly id: string;
  readonly name: string;
  status: string;
  readonly metadata: unknown;
  readonly scheduled_for?: string;
  readonly scheduled_until?: string;
  /** Newest first. */
  readonly incident_updates: Update[];
  /** Statuses of components after the newest change, by id. */
  components: Readonly<Record<string, string>>;
}

/** What to do with a request instead of carrying it out; `lost`: carry it out and close the connection. */
export type PageReply =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | "lost"
  | "hang";

export interface FakeStatuspage {
  /** Where the API begins. */
  readonly url: string;
  readonly pageId: string;
  /** Newest first. */
  readonly incidents: readonly PageIncident[];
  /** `POST /v1/pages/…`, in order. */
  readonly asked: readonly string[];
  /** The next writing requests (POST, PATCH) get these. */
  readonly script: (...replies: readonly PageReply[]) => void;
  readonly close: () => Promise<void>;
}

interface Written {
  readonly incident?: {
    readonly name?: string;
    readonly status: string;
    readonly body: string;
    readonly metadata?: unknown;
    readonly components?: Readonly<Record<string, string>>;
    readonly scheduled_for?: string;
    readonly scheduled_until?: string;
  };
}

/** The part of Statuspage's API v1 that is used here, true to its answers: 401, 404, 422 and what it gives back. */
export async function startFakeStatuspage(apiKey: string): Promise<FakeStatuspage> {
  const pageId = "kctbh9vrtdwd";
  const incidents: PageIncident[] = [];
  const asked: string[] = [];
  const script: PageReply[] = [];

  function carryOut(method: string, path: string, { incident }: Written): readonly [number, unknown] {
    if (method === "GET" && path === `/v1/pages/${pageId}/incidents`) return [200, incidents.slice(0, 100)];
    if (incident === undefined) return [422, { error: ["incident is missing"] }];
    const update = { status: incident.status, body: incident.body };
    if (method === "POST" && path === `/v1/pages/${pageId}/incidents`) {
      const { name, metadata } = incident;
      if (name === undefined || name === "") return [422, { error: ["name can't be blank"] }];
      incidents.unshift({
        ...incident,
        id: `p31zjtct${incidents.length}jer`,
        name,
        metadata,
        incident_updates: [update],
        components: incident.components ?? {},
      });
      return [201, incidents[0]];
    }
    const known = incidents.find(({ id }) => path === `/v1/pages/${pageId}/incidents/${id}`);
    if (method !== "PATCH" || known === undefined) return [404, { error: "not found" }];
    known.status = incident.status;
    known.components = { ...known.components, ...incident.components };
    known.incident_updates.unshift(update);
    return [200, known];
  }

  const server = createServer((request, response) => {
    void bodyOf(request).then((written) => {
      const { method = "", url = "", headers } = request;
      asked.push(`${method} ${url}`);
      const reply = method === "GET" ? undefined : script.shift();
      if (reply === "hang") return;
      if (reply !== undefined && reply !== "lost") {
        response.writeHead(reply.status, reply.headers).end(reply.body);
        return;
      }
      const path = url.split("?")[0] ?? "";
      const [status, answer] =
        headers.authorization === `OAuth ${apiKey}`
          ? carryOut(method, path, written)
          : [401, { error: "Could not authenticate" }];
      if (reply === "lost") response.socket?.resetAndDestroy();
      else response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    pageId,
    incidents,
    asked,
    script: (...replies) => void script.push(...replies),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Written> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString("utf8")) as Written);
}
