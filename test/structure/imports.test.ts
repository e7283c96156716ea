import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const repository = resolve(import.meta.dirname, "../..");

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "rollbackd-imports-"));
  await cp(join(repository, "tsconfig.json"), join(root, "tsconfig.json"));
  await symlink(join(repository, "node_modules"), join(root, "node_modules"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A small project that breaks no rule. */
const sound = {
  "src/rules/policy.ts": "export const policy = 1;",
  "src/engine/window.ts": 'import { policy } from "../rules/policy.ts"; export const window = policy;',
  "src/rollback/act.ts": 'import { window } from "../engine/window.ts"; export const act = window;',
  "src/kubernetes/api.ts": 'import { request } from "undici"; export const api = request;',
};

async function check(files: Record<string, string>): Promise<{ code: number; text: string }> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(repository, "scripts/check-imports.ts"), root],
      (error, stdout, stderr) => done({ code: Number(error?.code ?? 0), text: stdout + stderr }),
    );
  });
}

const value = (from: string): string => `import { x } from "${from}"; export const y = x;`;
const type = (from: string): string => `import type { X } from "${from}"; export type Y = X;`;

describe("the direction of imports", () => {
  it("a sound project passes, and its files were read", async () => {
    const { code, text } = await check(sound);
    expect(text).toContain("3 imports of 4 files: all in the right direction");
    expect(code).toBe(0);
  });

  it("reading nothing is a failure", async () => {
    const { code, text } = await check({ "src/notes.md": "no code here" });
    expect(text).toContain("proves nothing");
    expect(code).toBe(1);
  });

  it.each([
    ["stage-order-rules", { "src/rules/bad.ts": value("../engine/window.ts") }],
    ["stage-order-decisions", { "src/decisions/bad.ts": type("../rollback/act.ts") }],
    [
      "stage-order-server",
      { "src/server/bad.ts": value("../cli/io.ts"), "src/cli/io.ts": "export const x = 1;" },
    ],
    [
      "pure-core-reaches-no-effect",
      { "src/engine/bad.ts": 'import { readFileSync } from "node:fs"; export const y = readFileSync;' },
    ],
    [
      "pure-core-reaches-no-effect",
      {
        "src/decisions/bad.ts":
          'import { setTimeout } from "node:timers/promises"; export const y = setTimeout;',
      },
    ],
    [
      "pure-core-reaches-no-effect",
      { "src/releases/clock.ts": 'import { request } from "undici"; export const y = request;' },
    ],
    [
      "pure-core-reaches-no-effect",
      {
        "src/releases/deployment-snapshot.ts":
          'import { api } from "../kubernetes/api.ts"; export const y = api;',
      },
    ],
    ["stages-before-the-act-know-no-process", { "src/signals/bad.ts": value("../kubernetes/api.ts") }],
    ["text-knows-nothing", { "src/text/bad.ts": type("../engine/window.ts") }],
    ["retry-knows-nothing", { "src/retry/bad.ts": type("../engine/window.ts") }],
    ["leaf-knows-no-stage", { "src/telemetry/bad.ts": type("../engine/window.ts") }],
    ["no-cycle", { "src/rules/a.ts": value("./b.ts"), "src/rules/b.ts": value("./a.ts") }],
    [
      "nothing-imports-the-composition-root",
      { "src/daemon/bad.ts": value("../app.ts"), "src/app.ts": "export const x = 1;" },
    ],
    [
      "product-knows-no-tests",
      { "src/rules/bad.ts": value("../../test/x.ts"), "test/x.ts": "export const x = 1;" },
    ],
    ["every-import-resolves", { "src/rules/bad.ts": value("./nowhere.ts") }],
  ])("%s: a planted violation is reported", async (rule, planted) => {
    const { code, text } = await check({ ...sound, ...planted });
    expect(text).toContain(`${rule}: src/`);
    expect(code).toBe(1);
  });
});
