import { IncomingWebhook, IncomingWebhookHTTPError, type FetchFunction } from "@slack/webhook";
import { fetch } from "undici";
import { retryAfterMs } from "../retry/retry-after.ts";
import type { Delivery, Send } from "./channel.ts";
import {
  ATTEMPT_TIMEOUT_MS,
  classifyStatus,
  classifyThrown,
  outboundDispatcher,
  readSecret,
  withoutSecrets,
} from "./http.ts";
import type { Message } from "./message.ts";
import { slackBody } from "./slack-body.ts";

/**
 * Posts to an incoming webhook. `webhookUrl` is asked at each attempt, so that a changed secret is used at once;
 * `publicUrl` is where links lead, without a slash at its end.
 */
export function createSlack(options: {
  readonly webhookUrl: () => string;
  readonly publicUrl: string | undefined;
  readonly now?: () => number;
  /** Bound on one attempt; default 10 s. */
  readonly timeoutMs?: number;
}): Send {
  const dispatcher = outboundDispatcher();
  const now = options.now ?? Date.now;
  return async (message) => {
    const url = readSecret("the address of the Slack webhook", options.webhookUrl);
    if (typeof url !== "string") {
      return url;
    }
    return scrubbed(await post(url, message), url);
  };

  async function post(url: string, message: Message): Promise<Delivery> {
    let notBeforeMs: number | undefined;
    // The client gives away status and body of a refusal, but not when to come back.
    const fetchFn: FetchFunction = async (address, init) => {
      const response = await fetch(String(address), { ...init, dispatcher });
      notBeforeMs = retryAfterMs(response.headers.get("retry-after"), now());
      return response;
    };
    try {
      const webhook = new IncomingWebhook(url, {
        timeout: options.timeoutMs ?? ATTEMPT_TIMEOUT_MS,
        fetch: fetchFn,
      });
      const { text } = await webhook.send(slackBody(message, options.publicUrl));
      return text.trim() === "ok"
        ? { kind: "delivered" }
        : { kind: "permanent", error: `Slack answered 200, but not "ok": ${text.slice(0, 200)}` };
    } catch (error) {
      return error instanceof IncomingWebhookHTTPError
        ? classifyStatus("Slack", error.statusCode, error.body, notBeforeMs)
        : classifyThrown("Slack", error);
    }
  }
}

function scrubbed(delivery: Delivery, url: string): Delivery {
  const path = /^\w+:\/\/[^/]+(\/.+)$/.exec(url)?.[1] ?? "";
  return delivery.kind === "delivered"
    ? delivery
    : { ...delivery, error: withoutSecrets(delivery.error, [url, path]) };
}
