/** What must stay what it is, for a record to be read at all. */
const KEPT = new Set([
  "type",
  "at",
  "decision",
  "seq",
  "hash",
  "prev",
  "slot",
  "event",
  "channel",
  "unknown",
  "kind",
  "state",
]);
const INSTANT = /^\d{4}-\d\d-\d\dT/u;

/** The same value with every text in it (but for types and instants) followed by the one from outside. */
export function hostileIn<Value>(value: Value, text: string): Value {
  return mapped(value, "", text) as Value;
}

function mapped(value: unknown, key: string, text: string): unknown {
  if (typeof value === "string") return KEPT.has(key) || INSTANT.test(value) ? value : `${value}${text}`;
  if (Array.isArray(value)) return value.map((each) => mapped(each, key, text));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mapped(each, name, text)]));
}
