/** Suspending would not last, or there is nothing that could be suspended. The message says why and what to do. */
export class NotSuspendable extends Error {}
