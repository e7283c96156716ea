interface Placed {
  /** The policy's `target`, two levels in. */
  readonly target: readonly string[];
  /** The `strategy` and what belongs to it. */
  readonly strategy: readonly string[];
  /** Selects the service's series. */
  readonly selector: string;
  /** Where the service says how it is. */
  readonly healthUrl: string;
}

/** The rules of the demo: those of rules/vcci-api.yaml with their times shortened. */
export function rulesFile({ target, strategy, selector, healthUrl }: Placed): string {
  return `policies:
  - name: vcci-api
    mode: enforce
    interval: 1s             # shortened; 15s is usual
    target:
${indented(target)}
    triggers:
      - name: error-rate
        ratio:
          errors: sum(rate(http_requests_total{${selector},status=~"5.."}[5s]))
          total: sum(rate(http_requests_total{${selector}}[5s]))
        above: 5%
        for: 20s             # shortened; 5m is usual
      - name: p95-latency
        expr: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{${selector}}[5s])))
        above: 2000ms
        for: 20s
      - name: health
        probe: {url: "${healthUrl}", interval: 2s, timeout: 1s}
        failures: 3
    rollback:
${indented(strategy)}
      timeout: 1m
      verify:
        probe: {url: "${healthUrl}", interval: 1s, timeout: 500ms, successes: 3}
        recovery: 1m
    notify: [slack, pagerduty]
`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `      ${line}`).join("\n");
}
