import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import { pluginSource } from "../../src/kubernetes/credential-source.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

function folder(): string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  return path;
}

/** An API server that accepts this one token at a time. */
async function apiServer(accepted: { token: string }) {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    seen.push(authorization);
    const isIn = authorization === `Bearer ${accepted.token}`;
    response.writeHead(isIn ? 200 : 401, { "content-type": "application/json" });
    response.end(
      JSON.stringify(isIn ? { metadata: {}, items: [] } : { kind: "Status", message: "Unauthorized" }),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function kubeconfig(path: string, server: string, user: object): string {
  const file = join(path, "config");
  writeFileSync(
    file,
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
      clusters: [{ name: "k", cluster: { server, "insecure-skip-tls-verify": true } }],
      users: [{ name: "u", user }],
    }),
  );
  return file;
}

const PODS = { group: "", resource: "pods", namespace: "shop" } as const;

async function apiOf(file: string) {
  const connection = await connect(file);
  onTestFinished(() => connection.close());
  return kubeApi(connection);
}

describe("a tokenFile", () => {
  test("is read again when it changes, relative to the kubeconfig, and goes before a token", async () => {
    const path = folder();
    const accepted = { token: "one" };
    const { server } = await apiServer(accepted);
    writeFileSync(join(path, "token"), "one\n");
    const api = await apiOf(kubeconfig(path, server, { tokenFile: "token", token: "old" }));
    await expect(api.list(PODS, {})).resolves.toMatchObject({ items: [] });
    accepted.token = "two";
    writeFileSync(join(path, "token"), "two\n");
    await expect(api.list(PODS, {})).resolves.toMatchObject({ items: [] });
    rmSync(join(path, "token"));
    await expect(api.list(PODS, {})).resolves.toMatchObject({ items: [] });
  });

  test("that is missing from the start is named", async () => {
    const path = folder();
    const file = kubeconfig(path, "http://127.0.0.1:1", { tokenFile: "token" });
    await expect(connect(file)).rejects.toThrow(join(path, "token"));
  });
});

/** A plugin that prints the token of the file `token`, and counts its runs. */
function plugin(path: string, status = '{"token":"\'$(cat "$DIR/token")\'"}'): object {
  const script = join(path, "plugin.sh");
  writeFileSync(
    script,
    `#!/bin/sh\necho run >> "$DIR/runs"\nprintf '%s' "$KUBERNETES_EXEC_INFO" > "$DIR/info"\n` +
      `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":${status}}'\n`,
  );
  chmodSync(script, 0o755);
  return {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "./plugin.sh",
      args: null,
      env: [{ name: "DIR", value: path }],
      interactiveMode: "Never",
      provideClusterInfo: true,
    },
  };
}
const runs = (path: string): number => readFileSync(join(path, "runs"), "utf8").trim().split("\n").length;

describe("a credential plugin", () => {
  test("is asked once for many requests, and again after a 401, in the same call", async () => {
    const path = folder();
    const accepted = { token: "one" };
    const { server } = await apiServer(accepted);
    writeFileSync(join(path, "token"), "one");
    const api = await apiOf(kubeconfig(path, server, plugin(path)));
    await Promise.all([api.list(PODS, {}), api.list(PODS, {}), api.list(PODS, {})]);
    expect(runs(path)).toBe(1);
    expect(JSON.parse(readFileSync(join(path, "info"), "utf8"))).toMatchObject({
      kind: "ExecCredential",
      spec: { interactive: false, cluster: { server } },
    });
    accepted.token = "two";
    writeFileSync(join(path, "token"), "two");
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 5_000);
    onTestFinished(() => void vi.restoreAllMocks());
    await expect(api.list(PODS, {})).resolves.toMatchObject({ items: [] });
    expect(runs(path)).toBe(2);
  });

  test("that fails is named, with what it said", async () => {
    const path = folder();
    const user = {
      exec: { command: "sh", args: ["-c", "echo token has been revoked >&2; exit 3"], installHint: "get it" },
    };
    const file = kubeconfig(path, "http://127.0.0.1:1", user);
    await expect(connect(file)).rejects.toThrow(
      /the credential plugin sh failed: it exited with code 3: token has been revoked; get it/,
    );
    const none = kubeconfig(path, "http://127.0.0.1:1", { exec: { command: "no-such-plugin" } });
    await expect(connect(none)).rejects.toThrow(/no-such-plugin failed: there is no such program/);
    const noise = kubeconfig(path, "http://127.0.0.1:1", { exec: { command: "echo", args: ["s3cret"] } });
    await expect(connect(noise)).rejects.toThrow(/printed no ExecCredential/);
    await expect(connect(noise)).rejects.not.toThrow(/s3cret/);
  });

  test("is asked again before its credential expires, and not for each request when that is near", async () => {
    let at = 0;
    let asked = 0;
    const source = pluginSource(
      () => Promise.resolve({ token: `t${(asked += 1)}`, expiresAt: at + 600_000 }),
      () => at,
    );
    await source.current();
    at = 569_000;
    expect(await source.current()).toMatchObject({ token: "t1" });
    at = 571_000;
    expect(await source.current()).toMatchObject({ token: "t2" });
    const short = pluginSource(
      () => Promise.resolve({ token: `s${(asked += 1)}`, expiresAt: at + 10_000 }),
      () => at,
    );
    await short.current();
    const before = asked;
    await short.current();
    expect(asked).toBe(before);
  });

  test("is not asked for each request while the server refuses what it gives", async () => {
    let asked = 0;
    let at = 0;
    const source = pluginSource(
      () => Promise.resolve({ token: `t${(asked += 1)}` }),
      () => at,
    );
    for (let turn = 0; turn < 5; turn += 1) {
      await source.current();
      source.refuse();
    }
    expect(asked).toBe(1);
    at = 1_000;
    source.refuse();
    await source.current();
    expect(asked).toBe(2);
  });
});

test("a kubeconfig that was written anew with another token is read again after a 401", async () => {
  const path = folder();
  const accepted = { token: "one" };
  const { server, seen } = await apiServer(accepted);
  const api = await apiOf(kubeconfig(path, server, { token: "one" }));
  await api.list(PODS, {});
  accepted.token = "two";
  kubeconfig(path, server, { token: "two" });
  await expect(api.list(PODS, {})).resolves.toMatchObject({ items: [] });
  expect(seen).toEqual(["Bearer one", "Bearer one", "Bearer two"]);
});

test("a refused credential is told as that, after one more try", async () => {
  const path = folder();
  const { server, seen } = await apiServer({ token: "right" });
  const api = await apiOf(kubeconfig(path, server, { token: "wrong" }));
  await expect(api.list(PODS, {})).rejects.toMatchObject({
    kind: "unauthorized",
    message: expect.stringContaining("kubectl auth can-i list pods -n shop"),
  });
  expect(seen).toHaveLength(2);
});
