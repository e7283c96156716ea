import { setTimeout as sleep } from "node:timers/promises";
import type { TargetWatch } from "../releases/watch.ts";

const WITHIN_MS = 10_000;

/** Waits until the watch shows what has the digest, for ten seconds at most. */
export async function untilShown(
  digest: string,
  watch: Pick<TargetWatch, "current" | "onChange">,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const shown = Promise.withResolvers<void>();
  const look = (): void => {
    const lookup = watch.current();
    if (lookup.ok && lookup.snapshot.release.revision.digest === digest) shown.resolve();
  };
  const unlisten = watch.onChange(look);
  look();
  const late = sleep(WITHIN_MS, undefined, { signal: AbortSignal.any([signal, over.signal]) });
  await Promise.race([shown.promise, late.catch(() => undefined)]);
  over.abort();
  unlisten();
}
