import type { Logger } from "pino";
import type { RecordBody } from "../log/record.ts";
import { hashChanges, type LoadedHashes, rulesChanges } from "../rules/changes.ts";
import type { LoadedRules } from "../rules/load.ts";
import type { Policy } from "../rules/policy.ts";
import { isError, type Problem, sentenceOf } from "../rules/problem.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { RecordInLog } from "./ports.ts";

/** The rules of the start have errors, so there is nothing to run. The message lists them all. */
export class RulesError extends Error {
  constructor(problems: readonly Problem[]) {
    super(problems.filter(isError).map(sentenceOf).join("\n"));
    this.name = "RulesError";
  }
}

/** Which rules are in force, and what is wrong with the files as they are now. */
export interface RulesInForce {
  readonly state: () => { readonly loadedAt: number | undefined; readonly problems: readonly Problem[] };
  /** The newest of a policy by name, also of one that is gone: its rollback may still have an end to be told of. */
  readonly policy: (name: string) => Policy | undefined;
  /** Takes what was read: sound rules replace the old ones, others leave them in force and are told. */
  readonly take: (rules: LoadedRules) => Promise<void>;
  /** Records what the log could not take; until then new rules count as new in every slot and act on nothing. */
  readonly recordOwed: () => Promise<void>;
}

export interface RulesPorts {
  /** What was read at the start, known before it is in force. */
  readonly first: readonly Policy[];
  readonly record: RecordInLog;
  /** What the log says was loaded last. */
  readonly loadedHashes: () => LoadedHashes;
  /** What keeps rules without mistakes from being put in force here, such as a cluster that cannot be reached. */
  readonly problemsOf: (policies: readonly Policy[]) => Promise<readonly Problem[]>;
  readonly apply: (policies: readonly Policy[]) => void;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export function createRulesInForce(ports: RulesPorts): RulesInForce {
  const { first, record, loadedHashes, problemsOf, apply, metrics, logger } = ports;
  let problems: readonly Problem[] = [];
  const newest = new Map(first.map((policy) => [policy.name, policy]));
  let loadedAt: number | undefined;
  let inForce: readonly Policy[] | undefined;
  let owed: readonly RecordBody[] = [];

  async function recordOwed(): Promise<void> {
    for (let [body] = owed; body !== undefined; [body] = owed) {
      const recorded = await record(body);
      if (recorded === undefined) return;
      if (recorded.type === "rules.loaded") loadedAt = Date.parse(recorded.at);
      owed = owed.slice(1);
    }
  }

  async function reject(): Promise<void> {
    metrics.rulesLoadSuccess.set(0);
    const errors = problems.filter(isError).map(sentenceOf);
    owed = [...owed, { type: "rules.rejected", problems: errors }];
    await recordOwed();
  }

  /** Of the first load there is nothing to compare with. */
  const sinceTheStop = (policies: readonly Policy[]): readonly string[] => {
    const before = loadedHashes();
    return before.size === 0 ? [] : hashChanges(before, policies);
  };

  return {
    state: () => ({ loadedAt, problems }),
    policy: (name) => newest.get(name),
    recordOwed,
    take: async (rules) => {
      ({ problems } = rules);
      if (!problems.some(isError)) problems = [...problems, ...(await problemsOf(rules.policies))];
      if (problems.some(isError)) {
        await reject();
        return;
      }
      for (const problem of problems) logger.warn({ rule: problem.rule }, sentenceOf(problem));
      const { policies } = rules;
      for (const policy of policies) newest.set(policy.name, policy);
      const changes = inForce === undefined ? sinceTheStop(policies) : rulesChanges(inForce, policies);
      inForce = policies;
      owed = [...owed, loadedRecord(policies, changes)];
      await recordOwed();
      metrics.rulesLoadSuccess.set(1);
      apply(policies);
    },
  };
}

/** More are in no message and help nobody. */
const MAX_CHANGES = 200;

export function loadedRecord(policies: readonly Policy[], changes: readonly string[] = []): RecordBody {
  return {
    type: "rules.loaded",
    policies: policies.map(({ name, hash, triggers, checkpoints }) => ({
      policy: name,
      hash,
      triggers: Object.fromEntries(triggers.map((trigger) => [trigger.name, trigger.hash])),
      ...(checkpoints.length > 0 && { checkpoints: checkpoints.map(({ atMs }) => atMs) }),
    })),
    ...(changes.length > 0 && { changes: bounded(changes) }),
  };
}

function bounded(changes: readonly string[]): readonly string[] {
  const more = changes.length - MAX_CHANGES;
  return more > 0 ? [...changes.slice(0, MAX_CHANGES), `${more} more changes`] : changes;
}
