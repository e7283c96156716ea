import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { createClusterReports } from "../../src/daemon/cluster-reports.ts";
import { reportsFor } from "../../src/daemon/image-reports.ts";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { startStubApi, statusBody } from "../kubernetes/stub-api.ts";
import { eventually } from "../support/eventually.ts";
import { metricTrigger, policy } from "../support/model.ts";
import { imageReport, vulnerabilityReport, vulnerabilityTrigger } from "../support/vulnerabilities.ts";

const PATH = "/apis/aquasecurity.github.io/v1alpha1/namespaces/vcci-production/vulnerabilityreports";
const pace = { minBackoffMs: 1, maxBackoffMs: 5, watchSeconds: 60, idleMs: 60_000 };

function object(container: string) {
  const scan = { replicaSet: "api-1", repository: `library/${container}`, tag: "v1" } as const;
  const report = vulnerabilityReport({ ...scan, container, updatedAt: "2026-03-02T09:00:00Z" });
  const metadata = { ...report.metadata, uid: container, resourceVersion: "7", creationTimestamp: "" };
  return { ...report, metadata };
}

/** Lists in pages of one, whatever is asked for; 404 or 403 instead where a test says so. */
async function cluster(refusal: { status: number; message: string } | undefined) {
  const answer = { refusal };
  const stub = await startStubApi((request, response) => {
    const query = new URL(request.url ?? "", "http://stub").searchParams;
    if (answer.refusal !== undefined) {
      const { status, message } = answer.refusal;
      response.writeHead(status).end(statusBody(status, message));
    } else if (query.has("watch")) {
      response.writeHead(200).write(`${JSON.stringify({ type: "ADDED", object: object("late") })}\n`);
    } else {
      const isLast = query.get("continue") === "page-2";
      const metadata = { resourceVersion: "7", ...(!isLast && { continue: "page-2" }) };
      response.end(JSON.stringify({ metadata, items: [object(isLast ? "worker" : "api")] }));
    }
  });
  onTestFinished(stub.stop);
  const told: string[] = [];
  const write = (line: string) => void told.push((JSON.parse(line) as { msg: string }).msg);
  const reports = createClusterReports({ logger: pino({ level: "info" }, { write }), now: Date.now, pace });
  return { stub, answer, told, reports, api: kubeApi(stub.connection) };
}

const tags = ({ reports }: { reports: readonly { image: { tags: readonly string[] } }[] }) =>
  reports.flatMap(({ image }) => image.tags).toSorted();

describe("what Trivy Operator reports", () => {
  it("is listed page by page and followed, once a namespace however many policies ask", async () => {
    const { stub, reports, api } = await cluster(undefined);
    const [one, two] = [reports.join(api, "vcci-production"), reports.join(api, "vcci-production")];
    expect(one.known().unread).toMatch(/have not been read yet/);
    await eventually("all are known", () => {
      const expected = ["api", "late", "worker"].map((name) => `docker.io/library/${name}:v1`);
      expect(tags(two.known())).toEqual(expected);
      expect(two.known().unread).toBeUndefined();
    });
    await one.leave();
    expect(stub.requests).toEqual([
      `GET ${PATH}?limit=10`,
      `GET ${PATH}?limit=10&continue=page-2`,
      expect.stringContaining(`GET ${PATH}?watch=true`),
    ]);
    expect(tags(two.known())).toHaveLength(3);
    await two.leave();
  });

  it("is unknown with the reason where the cluster has no such resource, told once, until it has", async () => {
    const { answer, told, reports, api } = await cluster({ status: 404, message: "404 page not found" });
    const joined = reports.join(api, "vcci-production");
    onTestFinished(joined.leave);
    await eventually("it was asked", () => {
      expect(joined.known()).toMatchObject({
        reports: [],
        unread: expect.stringMatching(/install Trivy Operator/),
      });
    });
    expect(told).toEqual([expect.stringMatching(/no VulnerabilityReports.*it is tried again all the time/)]);
    answer.refusal = undefined;
    await eventually("it is there", () => {
      expect(joined.known().unread).toBeUndefined();
    });
    expect(told.at(-1)).toMatch(/can be read again/);
  });

  it("is unknown with the rule to add where it may not be read", async () => {
    const message = 'vulnerabilityreports.aquasecurity.github.io is forbidden: User "x" cannot list resource';
    const { reports, api } = await cluster({ status: 403, message });
    const joined = reports.join(api, "vcci-production");
    onTestFinished(joined.leave);
    await eventually("it was asked", () => {
      expect(joined.known().unread).toMatch(
        /Add to the Role .*\{apiGroups: \["aquasecurity\.github\.io"\], resources: \["vulnerabilityreports"\], verbs: \["list"\]\}/,
      );
    });
  });

  it("is not asked for by a policy that has no use for it, and adds to what was sent", async () => {
    const { stub, reports, api } = await cluster(undefined);
    const sent = imageReport(["docker.io/library/sent:v1"], [], { source: "posted" });
    const sources = { cluster: reports, posted: () => [sent] };
    const without = reportsFor(policy({ triggers: [metricTrigger()] }), sources, api);
    expect(without.known()).toEqual({ reports: [], unread: undefined });
    expect(stub.requests).toEqual([]);
    const asking = reportsFor(policy({ triggers: [vulnerabilityTrigger()] }), sources, api);
    onTestFinished(asking.stop);
    await eventually("both are known", () => {
      expect(tags(asking.known())).toContain("docker.io/library/sent:v1");
      expect(tags(asking.known())).toContain("docker.io/library/api:v1");
    });
  });
});
