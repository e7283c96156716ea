import { formatInstant } from "../text/format.ts";

/** What came of asking a person whether to act. */
export type Answer =
  | { readonly kind: "approved"; readonly decisionId: string; readonly by: string }
  | { readonly kind: "declined"; readonly detail: string };

export function rejectedBy(by: string, at: number, note: string | undefined): Answer {
  const why = note === undefined ? "" : `: ${note}`;
  return { kind: "declined", detail: `${by} rejected it at ${formatInstant(at)}${why}` };
}
