import { setTimeout as sleep } from "node:timers/promises";
import type { KubeApi } from "./api.ts";
import { KubeError } from "./error.ts";
import type { Selection, WatchEvent } from "./event-stream.ts";
import type { KubeObject } from "./objects.ts";
import type { ResourceRef } from "./resource.ts";

/** Whether what is known is what is there. `since` is epoch ms. */
export type FollowStatus =
  | { readonly state: "starting" }
  | { readonly state: "synced" }
  | { readonly state: "stale"; readonly since: number; readonly error: KubeError };

export interface Follow<T> {
  /** The objects as last seen; undefined until the first list came. */
  readonly items: () => readonly T[] | undefined;
  readonly status: () => FollowStatus;
  /** Resolves when nothing of it runs any more. */
  readonly stop: () => Promise<void>;
}

export interface FollowOptions<T> {
  readonly api: KubeApi;
  readonly ref: ResourceRef;
  readonly selection: Selection;
  /** What is kept of each object; all of it when left out. */
  readonly keep?: (object: KubeObject) => T;
  /** How many are listed at once, for objects that are large; all when left out. */
  readonly pageSize?: number;
  /** Called after every change of `items()` or `status()`. */
  readonly onChange: () => void;
  /** Called after every change of `status()`, with each new error as well. */
  readonly onStatus?: (status: FollowStatus) => void;
  readonly now: () => number;
  readonly pace?: Pace;
}

export interface Pace {
  /** The first wait after an error; doubled each time, up to `maxBackoffMs`. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly watchSeconds: number;
  /** Servers send a bookmark about once a minute, so a longer silence means that nobody is there. */
  readonly idleMs: number;
}

const USUAL_PACE: Pace = { minBackoffMs: 200, maxBackoffMs: 10_000, watchSeconds: 300, idleMs: 100_000 };

/**
 * Keeps a copy of some objects in step with the API server for as long as it runs: list, watch, resume where
 * the server ended the watch, and list again after any error, because what happened meanwhile is not known.
 */
export function follow<T extends KubeObject>(options: FollowOptions<T>): Follow<T> {
  const { pace = USUAL_PACE } = options;
  const stopped = new AbortController();
  const copy = mirror<T>(options, pace, stopped.signal);
  const run = async () => {
    while (!stopped.signal.aborted) {
      await copy.keepUp().catch((error: unknown) => {
        if (!(error instanceof KubeError)) throw error;
        if (!stopped.signal.aborted) copy.fail(error);
      });
      const wait = Math.min(pace.minBackoffMs * 2 ** copy.failures(), pace.maxBackoffMs);
      await pause(wait, stopped.signal);
    }
  };
  const running = run();
  return {
    items: copy.items,
    status: copy.status,
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}

interface Mirror<T> extends Pick<Follow<T>, "items" | "status"> {
  /** Ends when the server ends the watch. Throws KubeError. */
  readonly keepUp: () => Promise<void>;
  readonly fail: (error: KubeError) => void;
  /** How often in a row it failed without hearing anything. */
  readonly failures: () => number;
}

function mirror<T extends KubeObject>(options: FollowOptions<T>, pace: Pace, signal: AbortSignal): Mirror<T> {
  const { api, ref, selection, onChange, now, keep = (object: KubeObject): T => object as T } = options;
  const limit = options.pageSize === undefined ? {} : { limit: String(options.pageSize) };
  let objects: Map<string, T> | undefined;
  let status: FollowStatus = { state: "starting" };
  let version: string | undefined;
  let failures = 0;

  const report = (next: FollowStatus) => {
    const changed = next.state !== status.state || next.state === "stale";
    status = next;
    if (changed) options.onStatus?.(next);
    onChange();
  };

  const readAll = async () => {
    const found = new Map<string, T>();
    let page = {};
    for (;;) {
      const list = await api.list<KubeObject>(ref, { ...selection, ...limit, ...page }, signal);
      for (const item of list.items) found.set(item.metadata.uid, keep(item));
      const { resourceVersion, continue: next = "" } = list.metadata;
      if (next === "") {
        objects = found;
        report({ state: "synced" });
        return resourceVersion;
      }
      page = { continue: next };
    }
  };

  const apply = ({ type, object }: WatchEvent) => {
    version = object.metadata.resourceVersion;
    failures = 0;
    if (type === "BOOKMARK") return;
    if (type === "DELETED") objects?.delete(object.metadata.uid);
    else objects?.set(object.metadata.uid, keep(object));
    onChange();
  };

  return {
    items: () => (objects === undefined ? undefined : [...objects.values()]),
    status: () => status,
    failures: () => failures,
    keepUp: async () => {
      version ??= await readAll();
      const { watchSeconds: timeoutSeconds, idleMs } = pace;
      const request = { selection, resourceVersion: version, timeoutSeconds, idleMs, signal };
      for await (const event of api.watch(ref, request)) apply(event);
      failures = 0;
    },
    fail: (error: KubeError) => {
      version = undefined;
      failures += 1;
      // Too old a version is how a watch normally ends after a pause: nothing to tell anybody.
      if (error.kind === "gone") return;
      report({ state: "stale", since: status.state === "stale" ? status.since : now(), error });
    },
  };
}

/** Half of the wait is random, so that many watches do not return to a recovering server together. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
}
