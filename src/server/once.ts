import type { Ask, Outcome } from "./route.ts";

/** Does the work once for each Idempotency-Key of a caller; without one, at each call. */
export type Once = (
  ask: Pick<Ask<unknown, unknown>, "request" | "by" | "body" | "query">,
  work: () => Promise<Outcome>,
) => Promise<Outcome>;

const REMEMBERED_MS = 24 * 3_600_000;
const MOST_REMEMBERED = 1_000;

interface Done {
  readonly at: number;
  /** What was asked for. */
  readonly asked: string;
  readonly outcome: Promise<Outcome>;
}

/** Remembers a day of answers, in memory. What was refused did nothing, and may be asked for again. */
export function onlyOnce(now: () => number): Once {
  const known = new Map<string, Done>();
  return ({ request, by, body, query }, work) => {
    const key = request.headers["idempotency-key"];
    if (typeof key !== "string") return work();
    const id = JSON.stringify([by, key]);
    const asked = JSON.stringify([request.url.split("?")[0], query, body]);
    const before = known.get(id);
    if (before !== undefined && now() - before.at < REMEMBERED_MS) {
      return before.asked === asked ? before.outcome : Promise.resolve(REUSED);
    }
    const outcome = work();
    known.delete(id);
    known.set(id, { at: now(), asked, outcome });
    const [eldest] = known.keys();
    if (known.size > MOST_REMEMBERED && eldest !== undefined) known.delete(eldest);
    const forget = (): void => void known.delete(id);
    outcome.then((it) => (it === "hijacked" || "problem" in it) && forget(), forget);
    return outcome;
  };
}

const REUSED: Outcome = {
  problem: 422,
  detail: "This Idempotency-Key was used for another request; send a new one for each thing you ask for.",
};
