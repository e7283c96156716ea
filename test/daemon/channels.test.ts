import { expect, test } from "vitest";
import { silentChannels } from "../../src/daemon/channels.ts";
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
