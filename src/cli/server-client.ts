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
  const server = (options.server ?? process.env["ROLLBACKD_SERVER"] ?? DEFAULT_SERVER).replace(/\/+$/u, "");
  try {
    const response = await fetch(`${server}/api/v1/${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        // A proxy on the way may send a request twice; it is done once.
        "idempotency-key": randomUUID(),
        ...authorization(options),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return readReply(response.ok, response.status, await response.text());
  } catch (error) {
    return failed(error instanceof TokenUnreadable ? error.message : unreachable(server, error));
  }
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

function readReply(isOk: boolean, status: number, text: string): Reply {
  const body = parsed(text);
  if (isOk) return { ok: true, body };
  const { detail, reason } = body;
  const sentence = typeof detail === "string" ? detail : `the server answered with status ${status}.`;
  const named = typeof reason === "string" ? `${reason}: ${sentence}` : sentence;
  const hint = status === 401 ? " Name a token with --token-file or ROLLBACKD_TOKEN_FILE." : "";
  return { ok: false, isRefusal: status === 404 || status === 409, detail: `${named}${hint}` };
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

function unreachable(server: string, error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
  return (
    `${server} did not answer (${cause}). If the daemon runs there, it may have been done all the same: look at ` +
    "rollbackd log list beside it before you ask again. If it does not, name another address with --server."
  );
}

function failed(detail: string): Reply {
  return { ok: false, isRefusal: false, detail };
}
