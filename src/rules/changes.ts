import { type Fact, policyFacts, triggerFacts } from "./facts.ts";
import type { Policy, Trigger } from "./policy.ts";

/** Hashes by policy and trigger, as the log keeps what was loaded. */
export type LoadedHashes = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * What people read of a load of rules, a line a change, in the order of the policies. Empty where both mean the same:
 * a comment, an order of keys or another way to write a number changes nothing.
 */
export function rulesChanges(before: readonly Policy[], after: readonly Policy[]): readonly string[] {
  const old = new Map(before.map((policy) => [policy.name, policy]));
  const names = new Set(after.map(({ name }) => name));
  return [
    ...after.flatMap((policy) => {
      const known = old.get(policy.name);
      return known === undefined ? [addedText(policy)] : policyChanges(known, policy);
    }),
    ...before.filter(({ name }) => !names.has(name)).map(({ name }) => `${name}: policy removed`),
  ];
}

/** The same where only hashes of the rules before are left, as after a restart. A change of a policy alone is not seen. */
export function hashChanges(before: LoadedHashes, after: readonly Policy[]): readonly string[] {
  const names = new Set(after.map(({ name }) => name));
  return [
    ...after.flatMap((policy) => {
      const known = before.get(policy.name);
      return known === undefined ? [addedText(policy)] : triggerHashChanges(known, policy);
    }),
    ...[...before.keys()].filter((name) => !names.has(name)).map((name) => `${name}: policy removed`),
  ];
}

function addedText({ name, mode, triggers }: Policy): string {
  return `${name}: policy added, mode ${mode}, triggers ${triggers.map((trigger) => trigger.name).join(", ")}`;
}

function triggerHashChanges(
  known: ReadonlyMap<string, string>,
  { name, triggers }: Policy,
): readonly string[] {
  const names = new Set(triggers.map((trigger) => trigger.name));
  const changed = triggers.flatMap(({ name: trigger, hash }) => {
    const before = known.get(trigger);
    if (before === hash) return [];
    return [`${trigger}: ${before === undefined ? "trigger added" : "changed while rollbackd was stopped"}`];
  });
  const removed = [...known.keys()]
    .filter((trigger) => !names.has(trigger))
    .map((trigger) => `${trigger}: trigger removed`);
  return [...changed, ...removed].map((text) => `${name}: ${text}`);
}

function policyChanges(before: Policy, after: Policy): readonly string[] {
  if (before.hash === after.hash) return [];
  const old = new Map(before.triggers.map((trigger) => [trigger.name, trigger]));
  const names = new Set(after.triggers.map(({ name }) => name));
  const found = [
    ...factChanges(policyFacts(before), policyFacts(after)),
    ...after.triggers.flatMap((trigger) => {
      const known = old.get(trigger.name);
      if (known === undefined) return [`${trigger.name}: trigger added: ${shortly(trigger)}`];
      return triggerChanges({ of: before, trigger: known }, { of: after, trigger }).map(
        (text) => `${trigger.name}: ${text}`,
      );
    }),
    ...before.triggers.filter(({ name }) => !names.has(name)).map(({ name }) => `${name}: trigger removed`),
  ];
  return (found.length === 0 ? ["changed"] : found).map((text) => `${after.name}: ${text}`);
}

interface OfPolicy {
  readonly of: Policy;
  readonly trigger: Trigger;
}

function triggerChanges(before: OfPolicy, after: OfPolicy): readonly string[] {
  const [old, now] = [before.trigger, after.trigger];
  if (old.kind !== now.kind) return [`${old.kind} trigger → ${now.kind} trigger: ${shortly(now)}`];
  // A trigger that follows its policy is no change of its own.
  const isOwnMode = [before, after].some(({ of, trigger }) => of.mode !== trigger.mode);
  const mode = isOwnMode && old.mode !== now.mode ? [`mode ${old.mode} → ${now.mode}`] : [];
  return [...mode, ...factChanges(triggerFacts(old), triggerFacts(now))];
}

/** The numbers of a trigger that is new. */
function shortly(trigger: Trigger): string {
  const named = new Map(triggerFacts(trigger).map(({ name, text }) => [name, text]));
  switch (trigger.kind) {
    case "metric":
      return `${named.get("threshold")} for ${named.get("for")}`;
    case "health":
      return `${named.get("failures")} failures of ${named.get("probe.url")}`;
    case "rollout":
      return "stalled rollout";
    case "vulnerability":
      return `severity ${trigger.atLeast} or worse`;
  }
}

function factChanges(before: readonly Fact[], after: readonly Fact[]): readonly string[] {
  const old = new Map(before.map((fact) => [fact.name, fact]));
  const now = new Map(after.map((fact) => [fact.name, fact]));
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const change = factChange(old.get(name)?.text ?? "", now.get(name)?.text ?? "");
    if (change === undefined) return [];
    if (old.get(name)?.hidden === true || now.get(name)?.hidden === true) return [`${name} changed`];
    // The words of a threshold are its name.
    return [name === "threshold" ? change : `${name} ${change}`];
  });
}

function factChange(before: string, after: string): string | undefined {
  if (before === after) return undefined;
  const [op, limit] = splitOnce(before);
  const [sameOp, newLimit] = splitOnce(after);
  if (op === sameOp && /^(above|below)$/u.test(op)) return `${op} ${limit} → ${newLimit}`;
  const [old, now] = [oneLine(before), oneLine(after)];
  return old === now ? "changed" : contrast(old, now);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}

function splitOnce(text: string): readonly [string, string] {
  const at = text.indexOf(" ");
  return [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
}

/** Longer texts are shown around the place where they differ. */
const LONG = 100;
const AROUND = 30;

function contrast(before: string, after: string): string {
  if (Math.max(before.length, after.length) <= LONG) return `${before || "none"} → ${after || "none"}`;
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const around = (text: string): string => {
    const from = Math.max(0, start - AROUND);
    const to = Math.min(text.length, text.length - end + AROUND, from + 2 * LONG);
    const part = `${from > 0 ? "…" : ""}${text.slice(from, to)}${to < text.length ? "…" : ""}`;
    return text === "" ? "none" : part;
  };
  return `${around(before)} → ${around(after)}`;
}
