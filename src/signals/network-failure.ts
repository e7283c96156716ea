export interface NetworkFailure {
  /** errno name, undici's code, or the error's name when it has neither. */
  readonly code: string;
  /** For people; no address in it, so nothing secret either. */
  readonly message: string;
}

/** The chain of the server's certificate ends at nobody that this process trusts. */
export const UNTRUSTED: readonly string[] = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

const SAYINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed while sending",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name server did not answer",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network unreachable",
  EMFILE: "too many open files in this process",
  CLOSED_EARLY: "connection closed before the answer was complete",
  UND_ERR_SOCKET: "connection closed before the answer was complete",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "connection closed before the answer was complete",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet; compare the clocks",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name",
  ERR_SSL_WRONG_VERSION_NUMBER: "the server speaks no TLS there; is it http:// instead?",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the server speaks no TLS there; is it http:// instead?",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "the server wants a client certificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the server does not trust the client certificate",
  ...Object.fromEntries(
    UNTRUSTED.map((code) => [
      code,
      "the server's certificate is signed by nobody trusted here; name its authority in a CA file",
    ]),
  ),
};

/** The connection was there and broke: asking again on another one may do. */
export function isBroken(error: unknown): boolean {
  return ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"].includes(
    codeOf(error),
  );
}

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
  // An end in the middle of the answer: what undici calls it depends on how far its parser had come.
  if (error.name === "HTTPParserError" && error.message.includes("EOF")) return "UND_ERR_SOCKET";
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
