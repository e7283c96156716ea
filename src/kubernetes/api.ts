import { FIELD_MANAGER } from "./annotations.ts";
import type { Connection } from "./connect.ts";
import type { Call } from "./error.ts";
import {
  eventStream,
  type Page,
  type Selection,
  type WatchEvent,
  type WatchRequest,
} from "./event-stream.ts";
import type { KubeList, KubeObject } from "./objects.ts";
import type { ResourceRef } from "./resource.ts";
import { asKubeError, send, type Request } from "./send.ts";

/** A server that cannot answer in this form says so (406), instead of sending the whole. */
const METADATA_ALONE = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";

export type JsonPatchStep =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** `dryRun`: everything is checked, admission included, and nothing is changed. */
export type Patch = { readonly dryRun?: true } & (
  | { readonly kind: "json"; readonly steps: readonly JsonPatchStep[] }
  | { readonly kind: "merge"; readonly value: Readonly<Record<string, unknown>> }
);

/**
 * The API server in raw JSON: typed models drop fields that they do not know, and a pod template must be
 * put back whole. Every call is bounded in time and throws KubeError, nothing else.
 */
export interface KubeApi {
  readonly get: <T>(ref: ResourceRef, signal?: AbortSignal) => Promise<T>;
  /** Name, labels and times, and nothing else: what the object holds does not leave the server, its annotations are dropped. */
  readonly metadata: (ref: ResourceRef, signal?: AbortSignal) => Promise<KubeObject>;
  readonly list: <T>(
    ref: ResourceRef,
    selection: Selection & Page,
    signal?: AbortSignal,
  ) => Promise<KubeList<T>>;
  readonly patch: <T>(ref: ResourceRef, patch: Patch, signal?: AbortSignal) => Promise<T>;
  readonly create: <T>(ref: ResourceRef, body: object, signal?: AbortSignal) => Promise<T>;
  readonly watch: (ref: ResourceRef, request: WatchRequest) => AsyncIterable<WatchEvent>;
}

/**
 * Bounds of each call but `watch`, from the first byte sent to the last received. A change may also have to pass
 * webhooks, and each of them may take ten seconds unless it says otherwise: who hears the end of that learns its name.
 */
interface Bounds {
  readonly timeoutMs?: number;
  readonly patchTimeoutMs?: number;
}

export function kubeApi(
  connection: Connection,
  { timeoutMs = 10_000, patchTimeoutMs = 1.5 * timeoutMs }: Bounds = {},
): KubeApi {
  const ask = async <T>(call: Call, request: Request, signal?: AbortSignal): Promise<T> => {
    const bound = AbortSignal.timeout(call.verb === "patch" ? patchTimeoutMs : timeoutMs);
    const either = signal === undefined ? bound : AbortSignal.any([signal, bound]);
    try {
      const answer = await send(connection, call, request, { signal: either });
      return (await answer.body.json()) as T;
    } catch (error) {
      throw asKubeError(error, call, connection);
    }
  };
  return {
    get: (ref, signal) => ask({ verb: "get", ref }, { method: "GET", query: {} }, signal),
    metadata: async (ref, signal) =>
      withoutAnnotations(
        await ask({ verb: "get", ref }, { method: "GET", query: {}, accept: METADATA_ALONE }, signal),
      ),
    list: (ref, selection, signal) =>
      ask({ verb: "list", ref }, { method: "GET", query: { ...selection } }, signal),
    patch: (ref, patch, signal) => ask({ verb: "patch", ref }, patchRequest(patch), signal),
    create: (ref, body, signal) =>
      ask(
        { verb: "create", ref },
        { method: "POST", query: {}, contentType: "application/json", body: JSON.stringify(body) },
        signal,
      ),
    watch: (ref, request) => eventStream(connection, ref, request),
  };
}

/** `kubectl apply` keeps a copy of all that it applied in one. */
function withoutAnnotations({ metadata }: KubeObject): KubeObject {
  const { annotations: _, ...others } = metadata;
  return { metadata: others };
}

function patchRequest(patch: Patch): Request {
  const form =
    patch.kind === "json"
      ? { contentType: "application/json-patch+json", body: JSON.stringify(patch.steps) }
      : { contentType: "application/merge-patch+json", body: JSON.stringify(patch.value) };
  const query = { fieldManager: FIELD_MANAGER, ...(patch.dryRun && { dryRun: "All" }) };
  return { method: "PATCH", query, ...form };
}
