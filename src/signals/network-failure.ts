export interface NetworkFailure {
  /** errno name, undici's code, or the error's name when it has neither. */
  readonly code: string;
  /** For people; no address in it, so nothing secret either. */
  readonly message: string;
}

const SAYINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed while sending",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name server did not answer",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network unreachable",
  EMFILE: "too many open files in this process",
  UND_ERR_SOCKET: "connection closed before the answer was complete",
};

/** What went wrong with an HTTP exchange that was allowed to take `timeoutMs` as a whole. */
export function describeFailure(error: unknown, timeoutMs: number): NetworkFailure {
  const code = codeOf(error);
  if (isTimeout(code)) {
    return { code, message: `no answer within ${timeoutMs / 1000}s` };
  }
  return { code, message: SAYINGS[code] ?? messageOf(error) };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  // undici wraps some failures; the one that names the errno lies beneath.
  const { code } = error as { code?: unknown };
  const cause = error.cause === undefined ? "unknown" : codeOf(error.cause);
  if (typeof code === "string" && !(code === "UND_ERR_SOCKET" && cause.startsWith("E"))) return code;
  return cause === "unknown" ? error.name : cause;
}

function isTimeout(code: string): boolean {
  return ["TimeoutError", "ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"].includes(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
