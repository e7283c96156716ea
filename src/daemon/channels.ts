import type { Settings } from "../config/settings.ts";
import type { Send } from "../notifications/channel.ts";
import { createPagerDuty } from "../notifications/pagerduty.ts";
import { createSlack } from "../notifications/slack.ts";
import type { ChannelName, Policy } from "../rules/policy.ts";
import type { Problem } from "../rules/problem.ts";

/** The channels that are set up. A secret is asked for at each attempt, so that a renewed one counts at once. */
export function channelsOf({ slack, pagerduty, publicUrl }: Settings): Partial<Record<ChannelName, Send>> {
  const { webhookUrl } = slack;
  const { routingKey, url } = pagerduty;
  return {
    ...(webhookUrl() !== undefined && {
      slack: createSlack({ webhookUrl: () => webhookUrl() ?? "", publicUrl }),
    }),
    ...(routingKey() !== undefined && {
      pagerduty: createPagerDuty({ routingKey: () => routingKey() ?? "", url, publicUrl }),
    }),
  };
}

const SETTING: Readonly<Record<ChannelName, string>> = {
  slack: "ROLLBACKD_SLACK_WEBHOOK_URL",
  pagerduty: "ROLLBACKD_PAGERDUTY_ROUTING_KEY",
};

/** Channels that a policy names and that are not set up: nobody would hear of it there. */
export function silentChannels(
  policies: readonly Policy[],
  channels: Partial<Record<ChannelName, Send>>,
): readonly Problem[] {
  return policies.flatMap(({ name, notify, source }) =>
    notify
      .filter((channel) => channels[channel] === undefined)
      .map((channel) => ({
        file: source.file,
        line: source.line,
        column: 1,
        severity: "warning",
        rule: "notify",
        message: `Policy ${name} notifies ${channel}, which is not set up: nobody is told there. Set ${SETTING[channel]} or take ${channel} out of notify.`,
      })),
  );
}
