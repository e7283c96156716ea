import type { Failure, Outcome } from "./classify.ts";
import type { Answer } from "./query.ts";

/** One of several that can be asked the same thing, and how. */
export interface Client<Via> {
  readonly endpoint: string;
  readonly via: Via;
}

type FailureOf = Failure & { readonly endpoint: string };

/**
 * Asks the client that answered last, and goes on to the next ones only when it fails. What answers stays in
 * use, so that replicas that disagree do not take turns. When all fail the answer says what each of them said.
 */
export function createFailOver<Via>(clients: readonly Client<Via>[]) {
  let pinned = 0;
  return async <Series>(ask: (via: Via) => Promise<Outcome<Series>>): Promise<Answer<Series>> => {
    const first = pinned;
    const failures: FailureOf[] = [];
    for (const [turn] of clients.entries()) {
      const index = (first + turn) % clients.length;
      const client = clients[index];
      if (client === undefined) continue;
      const outcome = await ask(client.via);
      if (outcome.ok || !isWorthAnother(outcome)) {
        // An answer that was under way while another query failed over must not call everybody back.
        if (turn > 0 && pinned === first) pinned = index;
        return { ...outcome, endpoint: client.endpoint };
      }
      failures.push({ ...outcome, endpoint: client.endpoint });
    }
    return allFailed(failures);
  };
}

/** A rejected query would be rejected everywhere; what may be wrong with this server alone is asked of another. */
function isWorthAnother({ reason }: Failure): boolean {
  return reason === "unreachable" || reason === "query-failed" || reason === "partial-response";
}

function allFailed(failures: readonly FailureOf[]): Answer<never> {
  const [first] = failures;
  const { reason, endpoint } = first ?? { reason: "unreachable" as const, endpoint: "" };
  const detail = failures.map((failure) => `${failure.endpoint}: ${failure.detail}`).join("; ");
  return { ok: false, reason, detail, endpoint };
}
