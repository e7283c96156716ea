import type { PrometheusSettings } from "../config/settings.ts";
import { createPrometheus, type Prometheus } from "../signals/prometheus.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** The client that the settings describe, seen in the metrics. */
export function connectPrometheus(settings: PrometheusSettings, metrics: Metrics): Prometheus {
  return createPrometheus({
    urls: settings.urls,
    headers: () => credentials(settings),
    observe: ({ endpoint, seconds, outcome }) => {
      metrics.queryDuration.observe({ endpoint }, seconds);
      if (outcome !== "ok") metrics.queryFailures.inc({ reason: outcome });
    },
  });
}

/** Read anew for each request: a renewed secret counts at once. */
function credentials({ basicUser, basicPassword, bearerToken, tenant }: PrometheusSettings) {
  const token = bearerToken();
  const basic = Buffer.from(`${basicUser}:${basicPassword() ?? ""}`).toString("base64");
  return {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(basicUser !== undefined && { authorization: `Basic ${basic}` }),
    ...(tenant !== undefined && { "x-scope-orgid": tenant }),
  };
}
