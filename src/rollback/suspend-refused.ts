import type { ErrorObject } from "ajv";

/** Suspending would not last, or there is nothing that could be suspended. The message says why and what to do. */
export class NotSuspendable extends Error {}

/** An object whose shape does not say whether it is suspended: `errors` are those of its validation. */
export function unreadable(errors: ErrorObject[] | null | undefined): NotSuspendable {
  const [first] = errors ?? [];
  const place = first?.instancePath || "the object";
  return new NotSuspendable(
    `its object cannot be read (${place} ${first?.message ?? "is wrong"}). Suspend it by hand.`,
  );
}
