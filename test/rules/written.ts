import { expect } from "vitest";
import { parseRules } from "../../src/rules/load.ts";
import type { Policy, Trigger } from "../../src/rules/policy.ts";

/** A sound file with one metric trigger; `trigger` replaces the lines of the trigger after its name. */
export function rulesWith(
  parts: {
    readonly trigger?: string;
    readonly policy?: string;
    readonly name?: string;
    readonly rollback?: string;
  } = {},
): string {
  const trigger = parts.trigger ?? "expr: sum(rate(errors_total[1m]))\nabove: 5\nfor: 5m";
  return [
    "policies:",
    `  - name: ${parts.name ?? "api"}`,
    ...indent(parts.policy ?? "target: {namespace: shop, deployments: [api]}", 4),
    `    rollback: {${parts.rollback ?? "strategy: deployment"}}`,
    "    triggers:",
    "      - name: first",
    ...indent(trigger, 8),
    "",
  ].join("\n");
}

function indent(text: string, by: number): readonly string[] {
  return text.split("\n").map((line) => " ".repeat(by) + line);
}

/** `line:column severity rule`, in the order of the file. */
export function problemsIn(text: string): readonly string[] {
  return parseRules("rules.yaml", text)
    .problems.map(({ line, column, severity, rule }) => `${line}:${column} ${severity} ${rule}`)
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

export function messagesIn(text: string): readonly string[] {
  return parseRules("rules.yaml", text).problems.map(({ message }) => message);
}

/** The only policy of a file without problems. */
export function policyIn(text: string): Policy {
  const { policies, problems } = parseRules("rules.yaml", text);
  expect(problems).toEqual([]);
  const [policy] = policies;
  if (policy === undefined) {
    throw new Error("no policy");
  }
  return policy;
}

export function triggerIn(text: string): Trigger {
  const [trigger] = policyIn(text).triggers;
  if (trigger === undefined) {
    throw new Error("no trigger");
  }
  return trigger;
}
