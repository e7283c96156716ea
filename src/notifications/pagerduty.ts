import type { Send } from "./channel.ts";
import { classifyStatus, createClient, readSecret, withoutSecrets } from "./http.ts";
import { pagerDutyEvent } from "./pagerduty-event.ts";

/**
 * Sends to Events API v2. `routingKey` is asked at each attempt, so that a changed secret is used at once;
 * `url` is the whole enqueue address; `publicUrl` is where links lead, without a slash at its end.
 */
export function createPagerDuty(options: {
  readonly routingKey: () => string;
  readonly url: string;
  readonly publicUrl: string | undefined;
  readonly now?: () => number;
  /** Bound on one attempt; default 10 s. */
  readonly timeoutMs?: number;
}): Send {
  const ask = createClient("PagerDuty", options);
  return async (message) => {
    const routingKey = readSecret("the routing key of PagerDuty", options.routingKey);
    if (typeof routingKey !== "string") {
      return routingKey;
    }
    const answer = await ask({
      method: "POST",
      url: options.url,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ routing_key: routingKey, ...pagerDutyEvent(message, options.publicUrl) }),
    });
    if (answer.kind === "success" && answer.status === 202) {
      return { kind: "delivered" };
    }
    const delivery =
      answer.kind === "success" ? classifyStatus("PagerDuty", answer.status, answer.text, undefined) : answer;
    return { ...delivery, error: withoutSecrets(delivery.error, [routingKey]) };
  };
}
