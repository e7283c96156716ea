import { isDeepStrictEqual } from "node:util";
import type { KubeObject, PodTemplate } from "../kubernetes/objects.ts";
import { childOf, type Fields, itemOf, ownerOf } from "./field-owners.ts";

/** What `kubectl apply` applied last: from it kubectl knows what the next apply has to delete. */
export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The API server refuses annotations that are larger together, in bytes. */
const MOST_BYTES = 256 * 1024;

/** By which fields kubectl tells the entries of a list apart; every other list is one value. */
const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  imagePullSecrets: ["name"],
  ports: ["containerPort", "protocol"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  hostAliases: ["ip"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
};

/** What the API server fills in for a key that is left out. */
const DEFAULTS: Readonly<Record<string, string>> = { protocol: "TCP" };

/**
 * The object's last-applied configuration, with what a change of its template from one to the other puts back and takes
 * away. Otherwise the next `kubectl apply` keeps what the rollback put back, although its manifest does not have it.
 * Undefined where there is none, where it cannot be read, and where it would be too large.
 */
export function lastAppliedWith(object: KubeObject, from: PodTemplate, to: PodTemplate): string | undefined {
  const { annotations = {} } = object.metadata;
  const applied = parse(annotations[LAST_APPLIED]);
  if (applied === undefined) return undefined;
  const owned = childOf(childOf(ownerOf(object, LAST_APPLIED), "spec"), "template");
  const spec = asMap(applied["spec"]);
  const template = carry(spec["template"], { from, to, owned }, "template");
  const text = `${JSON.stringify({ ...applied, spec: { ...spec, template } })}\n`;
  return bytesOf({ ...annotations, [LAST_APPLIED]: text }) > MOST_BYTES ? undefined : text;
}

interface Change {
  readonly from: unknown;
  readonly to: unknown;
  /** What the manager that applied owns here; undefined: nothing. */
  readonly owned: Fields | undefined;
}

/** `field`: the name of what is looked at. Undefined: it is not applied. */
function carry(applied: unknown, { from, to, owned }: Change, field: string): unknown {
  if (isDeepStrictEqual(from ?? null, to ?? null)) return applied;
  if (isAbsent(to)) return undefined;
  if (isAbsent(from)) return to;
  if (isMap(from) && isMap(to)) return carryMap(asMap(applied), applied, { from, to, owned });
  const lists = listsOf([applied ?? [], from, to], LIST_KEYS[field] ?? []);
  if (lists !== undefined) return carryList(lists, owned);
  // What others set beside the manifest is not to be deleted by it.
  return applied !== undefined || owned !== undefined ? to : applied;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function carryMap(
  map: Json,
  applied: unknown,
  { from, to, owned }: { readonly from: Json; readonly to: Json; readonly owned: Fields | undefined },
): unknown {
  const next: Record<string, unknown> = { ...map };
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const change = { from: from[key], to: to[key], owned: childOf(owned, key) };
    const value = carry(map[key], change, key);
    if (value === undefined) delete next[key];
    else next[key] = value;
  }
  return applied === undefined && Object.keys(next).length === 0 ? undefined : next;
}

type Entries = ReadonlyMap<string, Json>;
type Lists = readonly [was: Entries, from: Entries, to: Entries];

/** Undefined where not each of them is a list whose entries the keys tell apart. */
function listsOf(lists: readonly [unknown, unknown, unknown], keys: readonly string[]): Lists | undefined {
  if (keys.length === 0) return undefined;
  const [was, from, to] = lists.map((list) => entriesOf(list, keys));
  return was && from && to ? [was, from, to] : undefined;
}

function carryList([was, from, to]: Lists, owned: Fields | undefined): unknown {
  const next = new Map(was);
  for (const id of new Set([...from.keys(), ...to.keys()])) {
    const item = to.get(id) ?? from.get(id) ?? {};
    const change = { from: from.get(id), to: to.get(id), owned: itemOf(owned, item) };
    const value = carry(was.get(id), change, "");
    if (isMap(value)) next.set(id, { ...asMap(JSON.parse(id)), ...value });
    else next.delete(id);
  }
  return next.size === 0 ? undefined : [...next.values()];
}

/** By the JSON of their keys; undefined where these do not tell them apart. */
function entriesOf(list: unknown, keys: readonly string[]): Entries | undefined {
  if (!Array.isArray(list)) return undefined;
  const entries = new Map<string, Json>();
  for (const item of list as readonly unknown[]) {
    const values = keys.map((key) => [key, asMap(item)[key] ?? DEFAULTS[key]] as const);
    const id = JSON.stringify(Object.fromEntries(values));
    if (!isMap(item) || entries.has(id)) return undefined;
    entries.set(id, item);
  }
  return entries;
}

type Json = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asMap(value: unknown): Json {
  return isMap(value) ? value : {};
}

function parse(text: string | undefined): Json | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function bytesOf(annotations: Readonly<Record<string, string>>): number {
  return Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
}
