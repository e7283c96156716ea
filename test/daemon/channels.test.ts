import { expect, test } from "vitest";
import { loadSettings } from "../../src/config/settings.ts";
import { channelsOf, silentChannels } from "../../src/daemon/channels.ts";
import { policy } from "../support/model.ts";

test("a channel that a policy names and that is not set up is said, with the setting that it needs", () => {
  const policies = [policy({ notify: ["slack", "pagerduty"] }), policy({ name: "quiet", notify: [] })];
  const send = async () => ({ kind: "delivered" }) as const;
  expect(silentChannels(policies, { slack: send, pagerduty: send })).toEqual([]);
  expect(silentChannels(policies, { slack: send })).toMatchObject([
    {
      file: "vcci-api.yaml",
      line: 2,
      severity: "warning",
      message: expect.stringContaining("PAGERDUTY_ROUTING_KEY"),
    },
  ]);
});

test("a channel is set up by its settings, and by nothing less", () => {
  const setUp = (env: Readonly<Record<string, string>>): readonly string[] =>
    Object.keys(
      channelsOf(
        loadSettings({
          file: undefined,
          env: { ROLLBACKD_PROMETHEUS_URL: "http://prometheus:9090", ...env },
          flags: {},
        }),
        () => undefined,
      ),
    );
  expect(setUp({})).toEqual([]);
  expect(
    setUp({
      ROLLBACKD_SLACK_WEBHOOK_URL: "http://slack",
      ROLLBACKD_PAGERDUTY_ROUTING_KEY: "k",
      ROLLBACKD_STATUSPAGE_API_KEY: "k",
      ROLLBACKD_STATUSPAGE_PAGE_ID: "p",
      ROLLBACKD_WEBHOOK_URL: "http://webhook",
      ROLLBACKD_WEBHOOK_SECRET: "s",
    }),
  ).toEqual(["slack", "pagerduty", "statuspage", "webhook"]);
});
