import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { createAuthority } from "./certificates.ts";

/** What it says to a change; `hang` says nothing, ever. */
export type Verdict =
  | { readonly kind: "allow" }
  | { readonly kind: "deny"; readonly code: number; readonly message: string }
  | { readonly kind: "hang" };

export interface AdmissionWebhook {
  /** For `clientConfig` of a webhook configuration. */
  readonly clientConfig: { readonly url: string; readonly caBundle: string };
  /** For all changes from now on; allows them at first. */
  readonly set: (verdict: Verdict) => void;
  readonly close: () => void;
}

/** A validating admission webhook on loopback, with a certificate of an authority of its own. */
export async function startAdmissionWebhook(): Promise<AdmissionWebhook> {
  const authority = createAuthority("admission");
  let verdict: Verdict = { kind: "allow" };
  const server = createServer(authority.issue("webhook"), (request, response) => {
    void answer(request, response, verdict);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    clientConfig: {
      url: `https://127.0.0.1:${port}/judge`,
      caBundle: Buffer.from(authority.ca).toString("base64"),
    },
    set: (next) => {
      verdict = next;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, verdict: Verdict): Promise<void> {
  const review = (await json(request)) as { readonly request: { readonly uid: string } };
  if (verdict.kind === "hang") return;
  const { uid } = review.request;
  const said =
    verdict.kind === "allow"
      ? { uid, allowed: true }
      : { uid, allowed: false, status: { code: verdict.code, message: verdict.message } };
  const body = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: said };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}
