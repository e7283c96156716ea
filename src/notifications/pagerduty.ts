import { request } from "undici";
import type { Delivery, Send } from "./channel.ts";
import {
  ATTEMPT_TIMEOUT_MS,
  classifyStatus,
  classifyThrown,
  outboundDispatcher,
  retryAfterMs,
  readSecret,
  withoutSecrets,
} from "./http.ts";
import type { Message } from "./message.ts";
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
  const dispatcher = outboundDispatcher();
  const now = options.now ?? Date.now;
  return async (message) => {
    const routingKey = readSecret("the routing key of PagerDuty", options.routingKey);
    if (typeof routingKey !== "string") {
      return routingKey;
    }
    const delivery = await enqueue(message, routingKey);
    return delivery.kind === "delivered"
      ? delivery
      : { ...delivery, error: withoutSecrets(delivery.error, [routingKey]) };
  };

  async function enqueue(message: Message, routingKey: string): Promise<Delivery> {
    try {
      const { statusCode, headers, body } = await request(options.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ routing_key: routingKey, ...pagerDutyEvent(message, options.publicUrl) }),
        dispatcher,
        signal: AbortSignal.timeout(options.timeoutMs ?? ATTEMPT_TIMEOUT_MS),
      });
      const text = await body.text();
      if (statusCode === 202) {
        return { kind: "delivered" };
      }
      const header = headers["retry-after"];
      const notBeforeMs = retryAfterMs(Array.isArray(header) ? header[0] : header, now());
      return classifyStatus("PagerDuty", statusCode, text, notBeforeMs);
    } catch (error) {
      return classifyThrown("PagerDuty", error);
    }
  }
}
