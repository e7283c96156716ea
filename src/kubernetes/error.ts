import { retryAfterMs } from "../retry/retry-after.ts";
import { describe, ruleFor, type ResourceRef } from "./resource.ts";

export type KubeErrorKind =
  | "not-found"
  | "forbidden" // RBAC: rollbackd's account lacks a verb
  | "unauthorized" // the credentials are not accepted
  | "conflict" // somebody else changed the object
  | "rejected" // validation or admission refused the change
  | "gone" // the resource version is too old to watch from
  | "unreachable" // no connection, or no answer in time
  | "server"; // the API server answered that it cannot

const RETRYABLE: ReadonlySet<KubeErrorKind> = new Set(["conflict", "gone", "unreachable", "server"]);

/** What went wrong with one call to the API server. The message says what was tried and what to do. */
export class KubeError extends Error {
  readonly kind: KubeErrorKind;
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** True when the same call may succeed later without anybody changing anything by hand. */
  readonly retryable: boolean;
  /** How long the API server asks to wait, in ms (Retry-After); undefined when it does not ask. */
  readonly retryAfterMs: number | undefined;
  /** The call was to change something, and the answer does not exclude that it did: only the object can tell. */
  readonly mayHaveChanged: boolean;

  /** The call was to read. */
  readonly isRead: boolean;

  constructor(kind: KubeErrorKind, message: string, options: KubeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "KubeError";
    this.kind = kind;
    this.status = options.status;
    this.retryable = RETRYABLE.has(kind);
    this.retryAfterMs = options.retryAfterMs;
    this.mayHaveChanged = options.mayHaveChanged ?? false;
    this.isRead = options.isRead ?? false;
  }
}

interface KubeErrorOptions {
  readonly status?: number;
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
  readonly mayHaveChanged?: boolean;
  readonly isRead?: boolean;
}

/** What was asked for, for messages and for the RBAC rule that would allow it. */
export interface Call {
  readonly verb: "get" | "list" | "watch" | "patch" | "create";
  readonly ref: ResourceRef;
}

/**
 * Reads the answer of a call that did not succeed; `body` is a Status object, or whatever a proxy sent. `retryAfter` is
 * the header of that name.
 */
export function errorFromAnswer(
  call: Call,
  status: number,
  body: string,
  retryAfter?: string | readonly string[],
): KubeError {
  const said = messageOf(body);
  const kind = kindOf(status, said);
  const text = `Could not ${call.verb} ${describe(call.ref)}: ${said ?? `the API server answered ${status}`}`;
  return new KubeError(kind, `${text}${nextStep(kind, call)}`, {
    status,
    retryAfterMs: retryAfterMs(typeof retryAfter === "string" ? retryAfter : retryAfter?.[0], Date.now()),
    // A proxy in between answers 502, 503 or 504 after the API server may have made the change.
    isRead: !isChange(call),
    mayHaveChanged: isChange(call) && kind === "server" && status >= 500,
  });
}

function isChange({ verb }: Call): boolean {
  return verb === "patch" || verb === "create";
}

/** A call that got no answer. */
export function errorFromFailure(call: Call, server: string, cause: unknown): KubeError {
  const why = cause instanceof Error ? rootMessage(cause) : String(cause);
  return new KubeError(
    "unreachable",
    `Could not ${call.verb} ${describe(call.ref)}: no answer from ${server} (${why}). ` +
      `Check that the API server runs and can be reached from here${call.verb === "patch" ? WEBHOOKS : ""}.`,
    { cause, isRead: !isChange(call), mayHaveChanged: isChange(call) && !isBeforeConnection(cause) },
  );
}

/** Codes of failures before a connection stood, so that no request was sent. */
const NOT_CONNECTED: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function isBeforeConnection(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if ("code" in cause && NOT_CONNECTED.has(cause.code)) return true;
  const inner: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause.cause];
  return inner.some(isBeforeConnection);
}

/** What a change may be waiting for. */
const WEBHOOKS =
  ", and that no admission webhook keeps it waiting: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations";

/** How the API server begins what a webhook or a policy said, whose own words and status can be anything. */
const ADMISSION = /admission webhook "|failed calling webhook|ValidatingAdmissionPolicy '/;

function kindOf(status: number, said: string | undefined): KubeErrorKind {
  if (said !== undefined && ADMISSION.test(said)) return "rejected";
  switch (status) {
    case 401:
      return "unauthorized";
    case 403:
      // Other admission says no with 403, too; only an authorizer says "cannot".
      return said === undefined || said.includes(" cannot ") ? "forbidden" : "rejected";
    case 404:
      return "not-found";
    case 409:
      return "conflict";
    case 410:
      return "gone";
    case 429:
      return "server";
    default:
      return status < 500 ? "rejected" : "server";
  }
}

function nextStep(kind: KubeErrorKind, { verb, ref }: Call): string {
  switch (kind) {
    case "forbidden":
      return ref.namespace === ""
        ? `. Add to the ClusterRole of rollbackd's account: ${ruleFor(verb, ref)}`
        : `. Add to the Role of rollbackd's account in namespace "${ref.namespace}": ${ruleFor(verb, ref)}`;
    case "unauthorized":
      return (
        ". Check the token or client certificate that rollbackd runs with: " +
        `kubectl auth can-i ${verb} ${canI(ref)}`
      );
    case "not-found":
      return `. Check the names in the policy's target.`;
    default:
      return "";
  }
}

/** Asks the same as `kubectl` with the same kubeconfig. */
function canI({ group, resource, namespace }: ResourceRef): string {
  const kind = group === "" ? resource : `${resource}.${group}`;
  return namespace === "" ? kind : `${kind} -n ${namespace}`;
}

function messageOf(body: string): string | undefined {
  try {
    const status = JSON.parse(body) as { kind?: unknown; message?: unknown } | null;
    return status?.kind === "Status" && typeof status.message === "string" ? status.message : undefined;
  } catch {
    return undefined;
  }
}

function rootMessage(error: Error): string {
  // A refused connection to several addresses is an AggregateError without a message of its own.
  const inner = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
  return inner instanceof Error ? rootMessage(inner) : error.message || error.name;
}
