import { once } from "node:events";
import { createServer } from "node:https";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createCleanups } from "../cluster/cleanups.ts";
import type { World } from "../cluster/world.ts";
import { createAuthority } from "../faults/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { type OperatorScan, vulnerabilityReport } from "../support/vulnerabilities.ts";
import { PATIENCE } from "./stage.ts";

const GROUP = "aquasecurity.github.io";
const VERSION = "v1alpha1";
const SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices";

/** The resource of Trivy Operator in a cluster, and what it reports. */
export interface TrivyOperator {
  /** What the operator does after it has scanned an image. */
  readonly report: (scan: OperatorScan) => void;
  readonly stop: () => Promise<void>;
}

/**
 * VulnerabilityReports of one world, reached through the real API server: it decides who may read them, and hands
 * requests on to what is served here. (As a custom resource they would crash the API server that tests run on.)
 * One at a time in a cluster.
 */
export async function startTrivyOperator({ api, namespace }: World): Promise<TrivyOperator> {
  const cleanups = createCleanups();
  const served = await serve(namespace);
  cleanups.add(served.stop);
  const name = "trivy-operator";
  await api.create(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name },
    spec: { type: "ExternalName", externalName: "localhost" },
  });
  const service = `${VERSION}.${GROUP}`;
  await api.create(SERVICES, {
    metadata: { name: service },
    spec: {
      group: GROUP,
      version: VERSION,
      groupPriorityMinimum: 1000,
      versionPriority: 15,
      insecureSkipTLSVerify: true,
      service: { namespace, name, port: served.port },
    },
  });
  // An API that does not answer would keep namespaces from being deleted.
  cleanups.add(() => api.remove(`${SERVICES}/${service}`));
  const listed = `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/vulnerabilityreports`;
  await eventually("VulnerabilityReports are served", () => api.get(listed), PATIENCE);
  return { report: served.report, stop: cleanups.run };
}

interface Served {
  readonly port: number;
  readonly report: TrivyOperator["report"];
  readonly stop: () => Promise<void>;
}

/** As much of an API server as `list` and `watch` take. */
async function serve(namespace: string): Promise<Served> {
  const reports: object[] = [];
  const watchers = new Set<ServerResponse>();
  const server = createServer(createAuthority("trivy-operator").issue("localhost"), (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "https://localhost");
    response.setHeader("content-type", "application/json");
    if (pathname === `/apis/${GROUP}/${VERSION}`) {
      response.end(JSON.stringify(DISCOVERY));
    } else if (pathname !== `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/vulnerabilityreports`) {
      response.writeHead(404).end();
    } else if (searchParams.has("watch")) {
      watchers.add(response);
      const missed = reports.slice(Number(searchParams.get("resourceVersion") ?? 0));
      response.write(missed.map(added).join("\n") + "\n");
    } else {
      const metadata = { resourceVersion: String(reports.length) };
      const of = { apiVersion: `${GROUP}/${VERSION}`, kind: "VulnerabilityReportList", metadata };
      response.end(JSON.stringify({ ...of, items: reports }));
    }
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    report: (scan) => {
      const { metadata, ...rest } = vulnerabilityReport(scan);
      const resourceVersion = String(reports.length + 1);
      const creationTimestamp = new Date().toISOString();
      const own = { namespace, uid: `report-${resourceVersion}`, resourceVersion, creationTimestamp };
      const object = { ...rest, metadata: { ...metadata, ...own } };
      reports.push(object);
      for (const watcher of watchers) watcher.write(`${added(object)}\n`);
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const DISCOVERY = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: `${GROUP}/${VERSION}`,
  resources: [
    {
      name: "vulnerabilityreports",
      singularName: "vulnerabilityreport",
      namespaced: true,
      kind: "VulnerabilityReport",
      verbs: ["list", "watch"],
    },
  ],
};

function added(object: object): string {
  return JSON.stringify({ type: "ADDED", object });
}
