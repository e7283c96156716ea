import convict from "convict";
import * as formats from "./formats.ts";

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

convict.addFormats({
  "http-port": { validate: formats.port, coerce: formats.toNumber },
  "http-addresses": { validate: formats.addresses, coerce: formats.toList },
});

type Check = (value: unknown) => void;

/** `sensitive` everywhere, so that convict never prints a value: the checks show those that may be shown. */
function setting<T>(env: string, format: Check | string, value: T) {
  return { env, format, default: value, nullable: value === null, sensitive: true };
}

const absent: string | null = null;

/** Key in the file, environment variable, what it must look like, default. config/default.yaml explains each. */
export const schema = {
  rules: setting("ROLLBACKD_RULES", formats.path, "./rules"),
  dataDir: setting("ROLLBACKD_DATA_DIR", formats.path, "./data"),
  logLevel: setting<LogLevel>("ROLLBACKD_LOG_LEVEL", formats.oneOf(LOG_LEVELS), "info"),
  publicUrl: setting("ROLLBACKD_PUBLIC_URL", formats.address, absent),
  apiTokensFile: setting("ROLLBACKD_API_TOKENS_FILE", formats.path, absent),
  argocdNamespace: setting("ROLLBACKD_ARGOCD_NAMESPACE", formats.word, "argocd"),
  apiKubernetesAudience: setting("ROLLBACKD_API_KUBERNETES_AUDIENCE", formats.word, absent),
  http: {
    host: setting("ROLLBACKD_HTTP_HOST", formats.host, "127.0.0.1"),
    port: setting("ROLLBACKD_HTTP_PORT", "http-port", 9480),
  },
  prometheus: {
    url: setting<string[]>("ROLLBACKD_PROMETHEUS_URL", "http-addresses", []),
    basicUser: setting("ROLLBACKD_PROMETHEUS_BASIC_USER", formats.word, absent),
    basicPasswordFile: setting("ROLLBACKD_PROMETHEUS_BASIC_PASSWORD_FILE", formats.path, absent),
    bearerTokenFile: setting("ROLLBACKD_PROMETHEUS_BEARER_TOKEN_FILE", formats.path, absent),
    caFile: setting("ROLLBACKD_PROMETHEUS_CA_FILE", formats.path, absent),
    certFile: setting("ROLLBACKD_PROMETHEUS_CERT_FILE", formats.path, absent),
    keyFile: setting("ROLLBACKD_PROMETHEUS_KEY_FILE", formats.path, absent),
    tenant: setting("ROLLBACKD_PROMETHEUS_TENANT", formats.word, absent),
  },
  slack: {
    webhookUrl: setting("ROLLBACKD_SLACK_WEBHOOK_URL", formats.address, absent),
    webhookUrlFile: setting("ROLLBACKD_SLACK_WEBHOOK_URL_FILE", formats.path, absent),
  },
  pagerduty: {
    routingKey: setting("ROLLBACKD_PAGERDUTY_ROUTING_KEY", formats.word, absent),
    routingKeyFile: setting("ROLLBACKD_PAGERDUTY_ROUTING_KEY_FILE", formats.path, absent),
    url: setting("ROLLBACKD_PAGERDUTY_URL", formats.address, "https://events.pagerduty.com/v2/enqueue"),
  },
  statuspage: {
    apiKey: setting("ROLLBACKD_STATUSPAGE_API_KEY", formats.word, absent),
    apiKeyFile: setting("ROLLBACKD_STATUSPAGE_API_KEY_FILE", formats.path, absent),
    pageId: setting("ROLLBACKD_STATUSPAGE_PAGE_ID", formats.word, absent),
    url: setting("ROLLBACKD_STATUSPAGE_URL", formats.address, "https://api.statuspage.io/v1"),
  },
  webhook: {
    url: setting("ROLLBACKD_WEBHOOK_URL", formats.address, absent),
    urlFile: setting("ROLLBACKD_WEBHOOK_URL_FILE", formats.path, absent),
    secret: setting("ROLLBACKD_WEBHOOK_SECRET", formats.word, absent),
    secretFile: setting("ROLLBACKD_WEBHOOK_SECRET_FILE", formats.path, absent),
  },
};

/** The environment variable of every setting, by dotted key. */
export const VARIABLES: ReadonlyMap<string, string> = new Map(variables("", schema));

function variables(prefix: string, node: object): [string, string][] {
  return Object.entries(node).flatMap(([key, inner]: [string, object]): [string, string][] =>
    "env" in inner ? [[`${prefix}${key}`, String(inner.env)]] : variables(`${prefix}${key}.`, inner),
  );
}
