import type { Send } from "./channel.ts";
import { createClient, readSecret, withoutSecrets } from "./http.ts";
import { signature, webhookBody } from "./webhook-body.ts";

/**
 * Posts signed JSON to whatever understands it. Address and secret are asked at each attempt, so that renewed ones
 * count at once; `publicUrl` is where links lead, without a slash at its end.
 */
export function createWebhook(options: {
  readonly url: () => string;
  readonly secret: () => string;
  readonly publicUrl: string | undefined;
  readonly now?: () => number;
  readonly timeoutMs?: number;
}): Send {
  const ask = createClient("The webhook", options);
  const now = options.now ?? Date.now;
  return async (message) => {
    const url = readSecret("the address of the webhook", options.url);
    if (typeof url !== "string") return url;
    const secret = readSecret("the secret of the webhook", options.secret);
    if (typeof secret !== "string") return secret;
    const content = webhookBody(message, options.publicUrl);
    const body = JSON.stringify(content);
    const timestamp = String(Math.floor(now() / 1000));
    const answer = await ask({
      method: "POST",
      url,
      headers: {
        "content-type": "application/json",
        "idempotency-key": content.id,
        "rollbackd-timestamp": timestamp,
        "rollbackd-signature": `v1=${signature(secret, timestamp, body)}`,
      },
      body,
    });
    if (answer.kind === "success") return { kind: "delivered" };
    const path = /^\w+:\/\/[^/]+(\/.+)$/.exec(url)?.[1] ?? "";
    return { ...answer, error: withoutSecrets(answer.error, [url, path, secret]) };
  };
}
