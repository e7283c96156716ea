import { expect, it } from "vitest";
import { createCluster } from "../../src/daemon/cluster.ts";
import type { Connection } from "../../src/kubernetes/connect.ts";
import { KubeConfigError } from "../../src/kubernetes/kubeconfig.ts";
import { policy } from "../support/model.ts";

const inCluster = policy({ source: { file: "api.yaml", line: 7 } });
const scripted = policy({
  name: "scripted",
  target: { kind: "script", namespace: undefined, releaseExpr: undefined },
});

function counting() {
  let opened = 0;
  let closed = 0;
  const connection: Connection = {
    server: "https://127.0.0.1:6443",
    headers: async () => ({}),
    dispatcher: () => Promise.reject(new Error("not asked here")),
    renew: () => undefined,
    close: async () => void (closed += 1),
  };
  const cluster = createCluster(async () => {
    opened += 1;
    return connection;
  });
  return { cluster, opened: () => opened, closed: () => closed };
}

it("is connected to when the first policy needs it, once, and closed if it was", async () => {
  const { cluster, opened, closed } = counting();
  await cluster.connectFor([scripted]);
  expect(opened()).toBe(0);
  expect(cluster.api()).toBeUndefined();
  await cluster.close();
  expect(closed()).toBe(0);

  expect(await cluster.problemsOf([scripted, inCluster])).toEqual([]);
  await cluster.connectFor([inCluster]);
  expect(opened()).toBe(1);
  expect(cluster.api()).toBeDefined();
  await cluster.close();
  expect(closed()).toBe(1);
});

it("that cannot be found is a problem of the policy that needs it, and is looked for again with the next rules", async () => {
  let tries = 0;
  const cluster = createCluster(async () => {
    tries += 1;
    throw new KubeConfigError("There is no kubeconfig.");
  });
  expect(await cluster.problemsOf([scripted])).toEqual([]);
  expect(await cluster.problemsOf([scripted, inCluster])).toMatchObject([
    { file: "api.yaml", line: 7, severity: "error", message: "There is no kubeconfig." },
  ]);
  await cluster.problemsOf([inCluster]);
  expect(tries).toBe(2);
});
