import { type SettingsSources, type Values, layers, named } from "./layers.ts";
import type { LogLevel } from "./schema.ts";
import { type Secret, secretFile } from "./secret.ts";
import { SettingsError } from "./settings-error.ts";

/** How the process runs. What it watches is in the rules. */
export interface Settings {
  /** File or folder of rules. */
  readonly rules: string;
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  /** Where people reach this process, for links; without a slash at its end. */
  readonly publicUrl: string;
  /** Where Argo CD's Applications are that do not say it themselves. */
  readonly argocdNamespace: string;
  readonly apiTokensFile: string | undefined;
  /** Whom tokens of the cluster must be meant for; undefined: the cluster is not asked. */
  readonly apiKubernetesAudience: string | undefined;
  readonly http: { readonly host: string; readonly port: number };
  readonly prometheus: PrometheusSettings;
  readonly slack: { readonly webhookUrl: Secret };
  readonly pagerduty: { readonly routingKey: Secret; readonly url: string };
  /** `url`: where the API begins, without a slash at its end. */
  readonly statuspage: {
    readonly apiKey: Secret;
    readonly pageId: string | undefined;
    readonly url: string;
  };
  readonly webhook: { readonly url: Secret; readonly secret: Secret };
}

export interface PrometheusSettings {
  readonly urls: readonly [string, ...string[]];
  readonly basicUser: string | undefined;
  readonly basicPassword: Secret;
  readonly bearerToken: Secret;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** Sent as X-Scope-OrgID. */
  readonly tenant: string | undefined;
}

/** Defaults < file < environment < flags. Throws SettingsError with all that is wrong. */
export function loadSettings(sources: SettingsSources): Settings {
  const values = layers(sources);
  const problems = contradictions(values);
  const secrets = secretsOf(values, problems);
  const [url, ...urls] = values.prometheus.url;
  if (problems.length > 0 || url === undefined) {
    throw new SettingsError(problems);
  }
  const { rules, dataDir, logLevel, http, prometheus, pagerduty, statuspage } = values;
  return {
    rules,
    dataDir,
    logLevel,
    publicUrl: withoutSlash(values.publicUrl ?? `http://${http.host}:${http.port}`),
    argocdNamespace: values.argocdNamespace,
    apiTokensFile: values.apiTokensFile ?? undefined,
    apiKubernetesAudience: values.apiKubernetesAudience ?? undefined,
    http,
    prometheus: {
      urls: [url, ...urls],
      basicUser: prometheus.basicUser ?? undefined,
      basicPassword: secrets.basicPassword,
      bearerToken: secrets.bearerToken,
      caFile: prometheus.caFile ?? undefined,
      certFile: prometheus.certFile ?? undefined,
      keyFile: prometheus.keyFile ?? undefined,
      tenant: prometheus.tenant ?? undefined,
    },
    slack: { webhookUrl: secrets.webhookUrl },
    pagerduty: { routingKey: secrets.routingKey, url: pagerduty.url },
    statuspage: {
      apiKey: secrets.apiKey,
      pageId: statuspage.pageId ?? undefined,
      url: withoutSlash(statuspage.url),
    },
    webhook: { url: secrets.url, secret: secrets.secret },
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/u, "");
}

/** Every secret that a process with these settings holds, to be kept out of what is shown. */
export function secretsIn(settings: Settings): readonly Secret[] {
  const { prometheus, slack, pagerduty, statuspage, webhook } = settings;
  return [
    prometheus.basicPassword,
    prometheus.bearerToken,
    slack.webhookUrl,
    pagerduty.routingKey,
    statuspage.apiKey,
    webhook.url,
    webhook.secret,
  ];
}

/** What each value alone does not show. */
function contradictions({ prometheus, slack, pagerduty, statuspage, webhook }: Values): string[] {
  const problems: string[] = [];
  const isSet = (...values: readonly (string | null)[]): boolean => values.some((value) => value !== null);
  const either = (key: string, value: string | null, file: string | null): void => {
    if (isSet(value) && isSet(file)) {
      problems.push(`${named(key)}: ${named(`${key}File`)} is set, too; keep one of them`);
    }
  };
  const together = (key: string, isOne: boolean, other: string, isOther: boolean): void => {
    if (isOne !== isOther) {
      problems.push(`${named(key)}: needs ${named(other)} beside it, and the other way round`);
    }
  };
  if (prometheus.url.length === 0) {
    problems.push(
      `${named("prometheus.url")}: missing; expected where Prometheus answers, such as http://prometheus:9090`,
    );
  }
  const { basicUser, basicPasswordFile } = prometheus;
  together(
    "prometheus.basicUser",
    isSet(basicUser),
    "prometheus.basicPasswordFile",
    isSet(basicPasswordFile),
  );
  either("slack.webhookUrl", slack.webhookUrl, slack.webhookUrlFile);
  either("pagerduty.routingKey", pagerduty.routingKey, pagerduty.routingKeyFile);
  const { pageId, apiKey, apiKeyFile } = statuspage;
  either("statuspage.apiKey", apiKey, apiKeyFile);
  either("webhook.url", webhook.url, webhook.urlFile);
  either("webhook.secret", webhook.secret, webhook.secretFile);
  together("statuspage.pageId", isSet(pageId), "statuspage.apiKeyFile", isSet(apiKey, apiKeyFile));
  const isUrl = isSet(webhook.url, webhook.urlFile);
  together("webhook.urlFile", isUrl, "webhook.secretFile", isSet(webhook.secret, webhook.secretFile));
  return problems;
}

function secretsOf(values: Values, problems: string[]) {
  const { prometheus, slack, pagerduty, statuspage, webhook } = values;
  const from = (key: string, file: string | null, value: string | null = null): Secret => {
    try {
      return file === null ? () => value ?? undefined : secretFile(file);
    } catch (error) {
      problems.push(`${named(key)}: cannot read the secret in ${file}: ${(error as Error).message}`);
      return () => undefined;
    }
  };
  return {
    basicPassword: from("prometheus.basicPasswordFile", prometheus.basicPasswordFile),
    bearerToken: from("prometheus.bearerTokenFile", prometheus.bearerTokenFile),
    webhookUrl: from("slack.webhookUrlFile", slack.webhookUrlFile, slack.webhookUrl),
    routingKey: from("pagerduty.routingKeyFile", pagerduty.routingKeyFile, pagerduty.routingKey),
    apiKey: from("statuspage.apiKeyFile", statuspage.apiKeyFile, statuspage.apiKey),
    url: from("webhook.urlFile", webhook.urlFile, webhook.url),
    secret: from("webhook.secretFile", webhook.secretFile, webhook.secret),
  };
}
