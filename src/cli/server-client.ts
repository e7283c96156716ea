import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

/** How a daemon that runs is reached. */
export interface ServerOptions {
  /** Default: ROLLBACKD_SERVER, else this machine. */
  readonly server?: string;
  /** Default: ROLLBACKD_TOKEN_FILE; without one nothing but reading on this machine is allowed. */
  readonly tokenFile?: string;
}

/** What the daemon said. A refusal is an answer, too: its sentence says why and what to do. */
export type Reply =
  | { readonly ok: true; readonly body: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly isRefusal: boolean; readonly detail: string };

const DEFAULT_SERVER = "http://127.0.0.1:9480";
const TIMEOUT_MS = 30_000;

/** Asks the daemon to change something. Never throws. */
export async function ask(options: ServerOptions, path: string, body: object): Promise<Reply> {
  const isPlan = "dryRun" in body;
  const reply = await send(options, path, isPlan ? silent : unreachable, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      // A proxy on the way may send a request twice; it is done once.
      "idempotency-key": randomUUID(),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return "text" in reply ? { ok: true, body: parsed(reply.text) } : reply;
}

/** What was read, as it came. `isProblem`: rollbackd itself says no, with its own sentence. */
export type TextReply =
  | { readonly ok: true; readonly text: string }
  | (Extract<Reply, { readonly ok: false }> & { readonly status?: number; readonly isProblem: boolean });

/** Reads something of the daemon. Never throws. */
export function get(options: ServerOptions, path: string): Promise<TextReply> {
  return send(options, path, silent, { signal: AbortSignal.timeout(TIMEOUT_MS) });
}

type Opened =
  | { readonly ok: true; readonly body: AsyncIterable<Uint8Array> }
  | Extract<TextReply, { readonly ok: false }>;

/** Server-sent events after the one named, until `signal` aborts. Never throws; reading them may. */
export async function openStream(
  options: ServerOptions,
  path: string,
  after: number | undefined,
  signal: AbortSignal,
): Promise<Opened> {
  const headers: Record<string, string> = after === undefined ? {} : { "last-event-id": String(after) };
  try {
    const response = await request(options, path, { headers, signal });
    if (response.ok && response.body !== null) return { ok: true, body: response.body };
    return refusal(response.status, await response.text());
  } catch (error) {
    return notAnswered(error, silent(serverOf(options), error));
  }
}

/** Where it is looked for. */
export function serverOf({ server }: ServerOptions): string {
  return (server ?? process.env["ROLLBACKD_SERVER"] ?? DEFAULT_SERVER).replace(/\/+$/u, "");
}

async function send(
  options: ServerOptions,
  path: string,
  unanswered: (server: string, error: unknown) => string,
  init: RequestInit,
): Promise<TextReply> {
  try {
    const response = await request(options, path, init);
    const text = await response.text();
    return response.ok ? { ok: true, text } : refusal(response.status, text);
  } catch (error) {
    return notAnswered(error, unanswered(serverOf(options), error));
  }
}

function request(options: ServerOptions, path: string, init: RequestInit): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string>), ...authorization(options) };
  return fetch(`${serverOf(options)}/api/v1/${path}`, { ...init, headers });
}

class TokenUnreadable extends Error {}

function authorization({ tokenFile = process.env["ROLLBACKD_TOKEN_FILE"] }: ServerOptions): {
  readonly authorization?: string;
} {
  if (tokenFile === undefined) return {};
  try {
    return { authorization: `Bearer ${readFileSync(tokenFile, "utf8").trim()}` };
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new TokenUnreadable(
      `the token file ${tokenFile} cannot be read (${code}). Name one that you can read.`,
    );
  }
}

function refusal(status: number, text: string): Extract<TextReply, { readonly ok: false }> {
  const { detail, reason } = parsed(text);
  const isProblem = typeof detail === "string";
  const sentence = isProblem ? detail : `the server answered with status ${status}.`;
  const named = typeof reason === "string" ? `${reason}: ${sentence}` : sentence;
  const hint = status === 401 ? " Name a token with --token-file or ROLLBACKD_TOKEN_FILE." : "";
  return {
    ok: false,
    status,
    isProblem,
    isRefusal: status === 409,
    detail: `${named}${hint}`,
  };
}

/** Whatever answers at that address need not be rollbackd. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Nothing had been sent by then. */
const UNSENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

function unreachable(server: string, error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (typeof code === "string" && UNSENT.has(code)) return `${silent(server, error)} Nothing was done.`;
  return (
    `${server} did not answer (${causeOf(error)}). If the daemon runs there, it may have been done all the same: look at ` +
    "rollbackd log list --server or beside it before you ask again. If it does not, name another address with --server."
  );
}

function silent(server: string, error: unknown): string {
  return `${server} did not answer (${causeOf(error)}). Check that the daemon runs there, or name another address with --server.`;
}

function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
}

function notAnswered(error: unknown, sentence: string): Extract<TextReply, { readonly ok: false }> {
  const detail = error instanceof TokenUnreadable ? error.message : sentence;
  return { ok: false, isProblem: false, isRefusal: false, detail };
}
