import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { readKubeconfig, writeKubeconfig } from "../cluster/kubeconfig.ts";

/** One request as rollbackd made it. */
export interface Passed {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** A watch, by its query. */
  readonly watch: boolean;
  /** Of the API server's answer; undefined while there is none. */
  status: number | undefined;
}

/** An answer that does not come from the API server. */
export interface GateAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Where a request is held: `before` the API server sees it, or `after`, when only its answer is missing. */
export type Where = "before" | "after";

export interface Held {
  /** Lets it go on. */
  readonly release: () => void;
}

/** A way to the API server on which a request can be held up, so that a crash can be timed exactly. */
export interface ApiGate {
  /** Leads through the gate; credentials are those of the kubeconfig that it was made with. */
  readonly kubeconfig: string;
  /** Everything that came through, in order. */
  readonly passed: readonly Passed[];
  /** Holds the next change of a Deployment; resolves when it is there. */
  readonly holdDeploymentPatch: (where: Where) => Promise<Held>;
  /** From now on each change of a Deployment, tried or not, gets this answer; call the result to end that. */
  readonly answerDeploymentPatches: (answer: GateAnswer) => () => void;
  /** From now on nobody is let through, and whoever is connected is cut off; call the result to end that. */
  readonly shut: () => () => void;
  readonly close: () => Promise<void>;
}

interface Wanted {
  readonly where: Where;
  readonly arrived: (held: Held) => void;
}

export async function startApiGate(kubeconfig: string, folder: string): Promise<ApiGate> {
  const { url, ca, cert, key, token } = readKubeconfig(kubeconfig);
  const agent = new Agent({ keepAlive: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  const passed: Passed[] = [];
  let wanted: Wanted | undefined;
  let isShut = false;
  let answered: GateAnswer | undefined;

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(incoming.url ?? "/", url);
    const method = incoming.method ?? "GET";
    const isChange = method === "PATCH" && !searchParams.has("dryRun");
    const hold = isChange && pathname.includes("/deployments/") ? wanted : undefined;
    if (hold !== undefined) wanted = undefined;
    const pause = (): Promise<void> =>
      new Promise((release) => {
        hold?.arrived({ release });
      });
    if (hold?.where === "before") await pause();
    // Whoever asked may be gone by now; what the API server never saw then stays undone.
    if (outgoing.destroyed) return;
    const note: Passed = { method, path: pathname, watch: searchParams.has("watch"), status: undefined };
    passed.push(note);
    const upstream = httpsRequest(`${url}${incoming.url}`, {
      agent,
      method,
      headers: { ...incoming.headers, host: new URL(url).host },
    });
    outgoing.once("close", () => upstream.destroy());
    incoming.pipe(upstream);
    const [answer] = (await once(upstream, "response")) as [IncomingMessage];
    note.status = answer.statusCode;
    if (hold?.where === "after") await pause();
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  };

  const server = createServer((incoming, outgoing) => {
    if (isShut) incoming.socket.destroy();
    else if (answered !== undefined && isDeploymentPatch(incoming)) {
      passed.push(answerInstead(answered, incoming, outgoing));
    }
    // The API server or the client went away: so does the other side.
    else handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfig: writeGateKubeconfig(folder, `http://127.0.0.1:${port}`, token),
    passed,
    holdDeploymentPatch: (where) =>
      new Promise((arrived) => {
        wanted = { where, arrived };
      }),
    answerDeploymentPatches: (answer) => {
      answered = answer;
      return () => {
        answered = undefined;
      };
    },
    shut: () => {
      isShut = true;
      server.closeAllConnections();
      return () => {
        isShut = false;
      };
    },
    close: async () => {
      agent.destroy();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function isDeploymentPatch({ method, url = "" }: IncomingMessage): boolean {
  return method === "PATCH" && url.includes("/deployments/");
}

function answerInstead(
  { status, headers, message }: GateAnswer,
  { method = "", url = "/" }: IncomingMessage,
  outgoing: ServerResponse,
): Passed {
  outgoing.writeHead(status, { "content-type": "application/json", ...headers });
  outgoing.end(JSON.stringify({ kind: "Status", apiVersion: "v1", message }));
  return { method, path: url.replace(/\?.*$/u, ""), watch: false, status };
}

/** The gate speaks plain HTTP, on loopback only; clients want to be told that this is meant. */
function writeGateKubeconfig(folder: string, url: string, token: string | undefined): string {
  const path = writeKubeconfig(join(folder, "gate.kubeconfig"), { url, ...(token && { token }) });
  const config = JSON.parse(readFileSync(path, "utf8")) as { clusters: { cluster: object }[] };
  const clusters = config.clusters.map((entry) => ({
    ...entry,
    cluster: { ...entry.cluster, "insecure-skip-tls-verify": true },
  }));
  writeFileSync(path, JSON.stringify({ ...config, clusters }));
  return path;
}
