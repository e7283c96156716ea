import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { connect } from "../../src/kubernetes/connect.ts";
import { KubeConfigError } from "../../src/kubernetes/kubeconfig.ts";

const folder = mkdtempSync(join(tmpdir(), "rollbackd-kubeconfig-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function config(user: object, cluster: object = { server: "https://127.0.0.1:6443/" }, current = "c") {
  return {
    "current-context": current,
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster }],
    users: [{ name: "u", user }],
  };
}

async function problem(kubeconfig: string): Promise<string> {
  const error: unknown = await connect(kubeconfig).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(KubeConfigError);
  return (error as KubeConfigError).message;
}

describe("a kubeconfig that cannot be used is named, with the next step", () => {
  it("missing", async () => {
    const path = join(folder, "none.yaml");
    expect(await problem(path)).toBe(
      `KUBECONFIG names ${path}, which does not exist. Correct it or unset it.`,
    );
  });

  it("not YAML, without showing what is in it", async () => {
    const path = file("broken.yaml", 'users:\n- name: u\n  user: {token: "s3cret"\n  x: [');
    const message = await problem(path);
    expect(message).toContain(`${path} is not a usable kubeconfig`);
    expect(message).toMatch(/line \d/);
    expect(message).not.toContain("s3cret");
  });

  it("empty", async () => {
    const path = file("empty.yaml", "");
    expect(await problem(path)).toContain(path);
  });

  it("a current context that does not exist", async () => {
    const path = file("context.yaml", config({ token: "t" }, undefined, "other"));
    expect(await problem(path)).toContain(`${path}: the current context "other" names no cluster`);
  });

  it("an address that is none", async () => {
    const path = file("address.yaml", config({ token: "t" }, { server: "here" }));
    expect(await problem(path)).toContain("names no cluster with an address");
  });

  it("a certificate file that is not there", async () => {
    const path = file(
      "ca.yaml",
      config({ token: "t" }, { server: "https://127.0.0.1:1", "certificate-authority": "ca.pem" }),
    );
    const message = await problem(path);
    expect(message).toContain(`${path}: its credentials cannot be used`);
    expect(message).toContain("ca.pem");
  });
});

it("gives the address and headers of the current context", async () => {
  const connection = await connect(file("good.yaml", config({ token: "t" })));
  expect(connection.server).toBe("https://127.0.0.1:6443");
  expect(await connection.headers()).toMatchObject({ Authorization: "Bearer t" });
  await connection.close();
});

it("takes the first current context of several files, as kubectl does", async () => {
  const first = file("first.yaml", { "current-context": "c" });
  const second = file("second.yaml", config({ token: "t" }, undefined, "another"));
  const connection = await connect(`${first}:${second}`);
  expect(connection.server).toBe("https://127.0.0.1:6443");
});

it("makes one set of connections, and another after the credentials were renewed", async () => {
  const connection = await connect(file("shared.yaml", config({ token: "t" })));
  const [first, second] = await Promise.all([connection.dispatcher(), connection.dispatcher()]);
  expect(second).toBe(first);
  connection.renew();
  expect(await connection.dispatcher()).not.toBe(first);
  await connection.close();
});
