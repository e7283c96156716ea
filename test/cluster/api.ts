import { Agent, request } from "undici";
import { readKubeconfig } from "./kubeconfig.ts";

/** An object as the API server sent it. */
export type Json = { readonly [key: string]: unknown };

export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The least client that the harness needs. It shares nothing with `src/kubernetes`, so that one misreading of
 * the API cannot hide in both. Every call is bounded by 30 s and throws `ApiError` for an answer that is not 2xx.
 */
export interface Api {
  readonly get: <T = Json>(path: string) => Promise<T>;
  readonly create: <T = Json>(path: string, body: object) => Promise<T>;
  /** RFC 7386: maps are merged, lists replaced. */
  readonly mergePatch: <T = Json>(path: string, body: object) => Promise<T>;
  /** As kubectl patches: lists whose entries have names are merged, too. */
  readonly strategicPatch: <T = Json>(path: string, body: object) => Promise<T>;
  readonly remove: (path: string, options?: object) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Talks to the cluster of a kubeconfig's current context. Certificates are verified. */
export function connect(kubeconfig: string): Api {
  const { url, token, ca, cert, key } = readKubeconfig(kubeconfig);
  const dispatcher = new Agent({
    connect: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
    connections: 8,
  });
  const call = async <T>(method: string, path: string, body?: object, type?: string): Promise<T> => {
    const response = await request(`${url}${path}`, {
      method,
      dispatcher,
      signal: AbortSignal.timeout(30_000),
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { "content-type": type ?? "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) {
      throw new ApiError(
        response.statusCode,
        `${method} ${path}: HTTP ${response.statusCode}: ${messageOf(text)}`,
      );
    }
    return JSON.parse(text) as T;
  };
  return {
    get: (path) => call("GET", path),
    create: (path, body) => call("POST", path, body),
    mergePatch: (path, body) => call("PATCH", path, body, "application/merge-patch+json"),
    strategicPatch: (path, body) => call("PATCH", path, body, "application/strategic-merge-patch+json"),
    remove: async (path, options) => void (await call("DELETE", path, options)),
    close: () => dispatcher.destroy(),
  };
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}
