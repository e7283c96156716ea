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
  /** Changes the object: the steps of a JSON patch (RFC 6902). */
  | { readonly kind: "change"; readonly steps: (object: Changing) => readonly object[] }
  | { readonly kind: "hang" };

/** What is asked about, as far as tests change it. */
export interface Changing {
  readonly spec: {
    readonly template: {
      readonly metadata?: {
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: {
        readonly containers: readonly {
          readonly name: string;
          readonly image: string;
          readonly env?: readonly { readonly name: string }[];
        }[];
      };
    };
  };
}

export interface AdmissionWebhook {
  /** For `clientConfig` of a webhook configuration. */
  readonly clientConfig: { readonly url: string; readonly caBundle: string };
  /** For all changes from now on; allows them at first. */
  readonly set: (verdict: Verdict) => void;
  readonly close: () => void;
}

/** An admission webhook on loopback, with a certificate of an authority of its own. */
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
  const review = (await json(request)) as { readonly request: Asked };
  if (verdict.kind === "hang") return;
  const said = { uid: review.request.uid, ...saidTo(review.request, verdict) };
  const body = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: said };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

interface Asked {
  readonly uid: string;
  readonly object: Changing;
}

function saidTo({ object }: Asked, verdict: Exclude<Verdict, { kind: "hang" }>): object {
  switch (verdict.kind) {
    case "allow":
      return { allowed: true };
    case "deny":
      return { allowed: false, status: { code: verdict.code, message: verdict.message } };
    case "change": {
      const patch = Buffer.from(JSON.stringify(verdict.steps(object))).toString("base64");
      return { allowed: true, patchType: "JSONPatch", patch };
    }
  }
}
