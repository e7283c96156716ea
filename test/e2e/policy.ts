import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const EXAMPLE = join(import.meta.dirname, "../../rules/vcci-api.yaml");

interface Trigger {
  readonly name: string;
  readonly probe?: object;
  readonly vulnerability?: object;
}

interface Written {
  readonly name: string;
  readonly triggers: readonly Trigger[];
  readonly rollback: object;
}

export interface PolicyOptions {
  readonly namespace: string;
  /** Where the Service answers that the example's probes call. */
  readonly serviceUrl: string;
  /** How long a metric must breach; default 6 s, which is 7 slots. */
  readonly forSeconds?: number;
  /** Keys of the policy that are set or replaced. */
  readonly override?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The rules file that operators get (rules/vcci-api.yaml) with shorter times: queries, thresholds, triggers and
 * channels are as they are there. Reports after a launch would come among what these tests count. JSON, which is YAML.
 */
export function shortened({ namespace, serviceUrl, forSeconds = 6, override = {} }: PolicyOptions): string {
  const text = readFileSync(EXAMPLE, "utf8")
    .replaceAll("http://vcci-api.vcci-production.svc:8000", serviceUrl)
    .replaceAll("vcci-production", namespace)
    .replaceAll("[1m]", "[5s]");
  const { policies } = parse(text) as { readonly policies: readonly [Written] };
  const [policy] = policies;
  const url = `${serviceUrl}/health/ready`;
  // Nobody scans images here; the test of that trigger puts it in by itself.
  const triggers = policy.triggers.flatMap((trigger): readonly object[] => {
    if (trigger.vulnerability !== undefined) return [];
    if (trigger.probe === undefined) return [{ ...trigger, for: `${forSeconds}s` }];
    // Three in a row on a machine that does much else are its own, unless each may take some time.
    return [{ ...trigger, probe: { ...trigger.probe, url, interval: "2s", timeout: "1900ms" } }];
  });
  const rollback = {
    ...policy.rollback,
    timeout: "60s",
    verify: { probe: { url, interval: "1s", timeout: "900ms", successes: 2 }, recovery: "60s" },
  };
  return JSON.stringify({
    policies: [{ ...policy, interval: "1s", triggers, rollback, checkpoints: [], ...override }],
  });
}
