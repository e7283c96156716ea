import type { Settings } from "../config/settings.ts";
import type { Send } from "../notifications/channel.ts";
import { createPagerDuty } from "../notifications/pagerduty.ts";
import { createSlack } from "../notifications/slack.ts";
import { createStatuspage } from "../notifications/statuspage.ts";
import { createWebhook } from "../notifications/webhook.ts";
import type { ChannelName, Policy } from "../rules/policy.ts";
import type { Problem } from "../rules/problem.ts";
import { DEFAULT_STATUS_PAGE, type StatusPage } from "../rules/status-page.ts";

export type Channels = Readonly<Partial<Record<ChannelName, Send>>>;

/**
 * The channels that are set up. A secret is asked for at each attempt, so that a renewed one counts at once.
 * `statusPageOf`: what a policy says about the status page, by the rules in force.
 */
export function channelsOf(
  { slack, pagerduty, statuspage, webhook, publicUrl }: Settings,
  statusPageOf: (policy: string) => StatusPage | undefined,
): Channels {
  const { webhookUrl } = slack;
  const { routingKey } = pagerduty;
  const { apiKey, pageId } = statuspage;
  const { url, secret } = webhook;
  return {
    ...(webhookUrl() !== undefined && {
      slack: createSlack({ webhookUrl: () => webhookUrl() ?? "", publicUrl }),
    }),
    ...(routingKey() !== undefined && {
      pagerduty: createPagerDuty({ routingKey: () => routingKey() ?? "", url: pagerduty.url, publicUrl }),
    }),
    ...(apiKey() !== undefined &&
      pageId !== undefined && {
        statuspage: createStatuspage({
          apiKey: () => apiKey() ?? "",
          pageId,
          url: statuspage.url,
          // A policy that is gone while its rollback is told of leaves its own words behind.
          pageOf: (policy) =>
            (policy === undefined ? undefined : statusPageOf(policy)) ?? DEFAULT_STATUS_PAGE,
        }),
      }),
    ...(url() !== undefined && {
      webhook: createWebhook({ url: () => url() ?? "", secret: () => secret() ?? "", publicUrl }),
    }),
  };
}

const SETTING: Readonly<Record<ChannelName, string>> = {
  slack: "ROLLBACKD_SLACK_WEBHOOK_URL",
  pagerduty: "ROLLBACKD_PAGERDUTY_ROUTING_KEY",
  statuspage: "ROLLBACKD_STATUSPAGE_API_KEY and ROLLBACKD_STATUSPAGE_PAGE_ID",
  webhook: "ROLLBACKD_WEBHOOK_URL and ROLLBACKD_WEBHOOK_SECRET",
};

/** Channels that a policy names and that are not set up: nobody would hear of it there. */
export function silentChannels(policies: readonly Policy[], channels: Channels): readonly Problem[] {
  return policies.flatMap(({ name, notify, source }) =>
    notify
      .filter((channel) => channels[channel] === undefined)
      .map((channel) => ({
        file: source.file,
        line: source.line,
        column: 1,
        severity: "warning",
        rule: "notify",
        message: `Policy ${name} notifies ${channel}, which is not set up: no message goes there. Set ${SETTING[channel]} or take ${channel} out of notify.`,
      })),
  );
}
