import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { VARIABLES } from "../../src/config/schema.ts";

const repository = resolve(import.meta.dirname, "../..");
const deploy = join(repository, "deploy");

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly [key: string]: unknown;
}

interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly { readonly mountPath: string }[];
}

let manifests: readonly Manifest[];
beforeAll(async () => {
  const files = (await readdir(deploy)).filter((file) => file.endsWith(".yaml"));
  const texts = await Promise.all(files.map((file) => readFile(join(deploy, file), "utf8")));
  manifests = texts.flatMap((text) => parseAllDocuments(text).map((document): Manifest => document.toJS()));
});

function container(): Container {
  const found = manifests.find(({ kind }) => kind === "Deployment") as unknown as {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [Container] } } };
  };
  return found.spec.template.spec.containers[0];
}

describe("the manifests", () => {
  it("hold the rules as they are in rules/", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rollbackd-configmap-"));
    const file = join(folder, "configmap.yaml");
    execFileSync(process.execPath, [join(repository, "scripts/write-configmap.ts"), file]);
    const fresh = await readFile(file, "utf8");
    await rm(folder, { recursive: true });
    expect(
      await readFile(join(deploy, "configmap.yaml"), "utf8"),
      "run: node scripts/write-configmap.ts",
    ).toBe(fresh);
    expect(Object.keys(parse(fresh).data)).toContain("vcci-api.yaml");
  });

  it("are all of one namespace, the one that the rules watch", () => {
    const inNamespace = manifests.filter(({ kind }) => !kind.startsWith("Cluster"));
    expect(new Set(inNamespace.map(({ metadata }) => metadata.namespace))).toEqual(
      new Set(["vcci-production"]),
    );
  });

  it("are a complete set", () => {
    expect(manifests.map(({ kind }) => kind).toSorted()).toEqual([
      "ClusterRole",
      "ClusterRoleBinding",
      "ConfigMap",
      "Deployment",
      "PersistentVolumeClaim",
      "Role",
      "RoleBinding",
      "ServiceAccount",
    ]);
  });

  it("set only variables that exist, to files that are mounted", () => {
    const { env, volumeMounts } = container();
    const mounts = volumeMounts.map(({ mountPath }) => mountPath);
    const paths = env.map(({ value }) => value).filter((value) => value.startsWith("/"));
    expect([...VARIABLES.values()]).toEqual(expect.arrayContaining(env.map(({ name }) => name)));
    expect(paths.filter((path) => !mounts.some((mount) => path.startsWith(mount)))).toEqual([]);
  });

  it("run this version", async () => {
    const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));
    expect(container().image).toBe(`rollbackd:${version}`);
  });
});

it("the image starts the daemon under an init that reaps orphans", async () => {
  const dockerfile = await readFile(join(repository, "Dockerfile"), "utf8");
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/mu.exec(dockerfile)?.[1] ?? "[]");
  expect(entry.slice(0, 4)).toEqual(["tini", "-s", "--", "node"]);
  expect(dockerfile.slice(dockerfile.lastIndexOf("\nFROM "))).toMatch(/apt-get install .*\btini\b/u);
});
