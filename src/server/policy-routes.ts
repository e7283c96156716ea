import type { RunningPolicy } from "../daemon/run-policy.ts";
import type { Sample } from "../signals/sample.ts";
import { instant } from "./instant.ts";
import { policyJson, type PolicySource, thresholdText } from "./policy-json.ts";
import { type Outcome, type Route, route } from "./route.ts";
import { NO_QUERY, POLICIES, POLICY, SAMPLES, SPAN_QUERY } from "./schemas.ts";

export interface PoliciesSource extends PolicySource {
  readonly running: () => readonly RunningPolicy[];
}

const READ = { scope: "read", verb: "get" } as const;

export function policyRoutes(source: PoliciesSource): readonly Route[] {
  const { running } = source;
  return [
    route({
      method: "GET",
      path: "/api/v1/policies",
      summary: "Every policy: release, triggers with value and time to fire, last decision",
      permission: READ,
      query: NO_QUERY,
      answers: { 200: { description: "the policies in force", schema: POLICIES } },
      answer: () => ok({ policies: running().map((each) => policyJson(each, source)) }),
    }),
    route({
      method: "GET",
      path: "/api/v1/policies/:name",
      summary: "One policy",
      permission: READ,
      query: NO_QUERY,
      answers: { 200: { description: "the policy", schema: POLICY } },
      answer: ({ params: { name = "" } }) =>
        onPolicy(source, name, (policy) => ok(policyJson(policy, source))),
    }),
    route({
      method: "GET",
      path: "/api/v1/policies/:name/samples",
      summary: "What the daemon holds of each trigger: the last two windows",
      permission: READ,
      query: SPAN_QUERY,
      answers: { 200: { description: "samples by trigger, oldest first", schema: SAMPLES } },
      answer: ({ params: { name = "" }, query }) =>
        onPolicy(source, name, (policy) => ok(samplesJson(policy, query))),
    }),
  ];
}

function onPolicy(
  { running }: PoliciesSource,
  name: string,
  work: (policy: RunningPolicy) => Outcome,
): Outcome {
  const policy = running().find((each) => each.policy.name === name);
  if (policy !== undefined) return work(policy);
  const known = running().map((each) => each.policy.name);
  const detail = `There is no policy ${name}. In force: ${known.join(", ") || "none"}.`;
  return { problem: 404, detail };
}

function samplesJson(
  { policy, carried }: RunningPolicy,
  query: { readonly from?: string; readonly to?: string },
): object {
  const from = query.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(query.from);
  const to = query.to === undefined ? Number.POSITIVE_INFINITY : Date.parse(query.to);
  const { watched } = carried();
  const triggers = policy.triggers.map((trigger) => ({
    trigger: trigger.name,
    kind: trigger.kind,
    threshold: thresholdText(trigger),
    limit: trigger.kind === "metric" ? trigger.threshold.value : undefined,
    samples: (watched.get(trigger.name)?.track.samples ?? [])
      .filter(({ at }) => at >= from && at <= to)
      .map(sampleJson),
  }));
  return { policy: policy.name, triggers };
}

function sampleJson(sample: Sample): object {
  const { series: _all, ...whole } = sample;
  return { ...whole, at: instant(sample.at) };
}

function ok(body: object): Outcome {
  return { status: 200, body };
}
