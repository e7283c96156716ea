import { readFileSync } from "node:fs";
import { named } from "../config/layers.ts";
import { SettingsError } from "../config/settings-error.ts";
import type { PrometheusSettings } from "../config/settings.ts";
import { createPrometheus, type Prometheus, QUERY_TIMEOUT_MS } from "../signals/prometheus.ts";
import { createTlsConnections, type TlsConnections } from "../signals/tls-connections.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** The client that the settings describe, seen in the metrics. Throws SettingsError for TLS files without use. */
export function connectPrometheus(settings: PrometheusSettings, metrics: Metrics): Prometheus {
  const tls = tlsOf(settings);
  const prometheus = createPrometheus({
    urls: settings.urls,
    ...(tls !== undefined && { dispatcher: tls.dispatcher }),
    headers: () => credentials(settings),
    observe: ({ endpoint, seconds, outcome }) => {
      metrics.queryDuration.observe({ endpoint }, seconds);
      if (outcome !== "ok") metrics.queryFailures.inc({ reason: outcome });
    },
  });
  return {
    ...prometheus,
    close: async () => {
      await prometheus.close();
      await tls?.close();
    },
  };
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

function tlsOf(settings: PrometheusSettings): TlsConnections | undefined {
  const { caFile, certFile, keyFile } = settings;
  if (caFile === undefined && certFile === undefined && keyFile === undefined) return undefined;
  const problems = [...unpaired(settings), ...unreadable(settings)];
  if (problems.length > 0) throw new SettingsError(problems);
  try {
    return createTlsConnections({ ca: caFile, cert: certFile, key: keyFile }, QUERY_TIMEOUT_MS);
  } catch (error) {
    const where = TLS_KEYS.filter((key) => settings[key] !== undefined).map((key) => keyNamed(key));
    throw new SettingsError([
      `${where.join(", ")}: no usable PEM, or a certificate and a key that do not belong together: ${message(error)}`,
    ]);
  }
}

const TLS_KEYS = ["caFile", "certFile", "keyFile"] as const;

function unpaired({ certFile, keyFile }: PrometheusSettings): readonly string[] {
  if ((certFile === undefined) === (keyFile === undefined)) return [];
  return [`${keyNamed("certFile")}: needs ${keyNamed("keyFile")} beside it, and the other way round`];
}

function unreadable(settings: PrometheusSettings): readonly string[] {
  return TLS_KEYS.flatMap((key) => {
    const file = settings[key];
    try {
      if (file !== undefined) readFileSync(file);
      return [];
    } catch (error) {
      return [`${keyNamed(key)}: cannot be read: ${message(error)}`];
    }
  });
}

function keyNamed(key: (typeof TLS_KEYS)[number]): string {
  return named(`prometheus.${key}`);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
