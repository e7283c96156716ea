import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { check } from "../../src/cli/check.ts";
import type { Io } from "../../src/cli/io.ts";
import type { Problem } from "../../src/rules/problem.ts";
import { rulesWith } from "../rules/written.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const EXAMPLES = join(import.meta.dirname, "../../rules");

async function fileWith(text: string): Promise<string> {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(path, "api.yaml");
  await writeFile(file, text);
  return file;
}

async function run(paths: readonly string[], format: "text" | "json" = "text", terminal: Partial<Io> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    columns: 120,
    color: false,
    isTty: false,
    now: Date.now,
    ...terminal,
  };
  const code = await check(paths, { format, prometheus: undefined }, io);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

describe("rules without problems", () => {
  test("the shipped folder is fine: exit 0, and one line says what was checked", async () => {
    expect(await run([EXAMPLES])).toEqual({
      code: 0,
      out: "1 policy with 4 triggers: no problems.",
      err: "",
    });
  });

  test("as JSON there is an empty list", async () => {
    const { code, out } = await run([EXAMPLES], "json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ problems: [] });
  });
});

describe("rules with problems", () => {
  const mistake = rulesWith({ trigger: "expr: sum(rate(errors_total))\nabvoe: 5\nabove: 5\nfor: 5m" });

  test("text shows place, message and the line with a mark under the character: exit 1", async () => {
    const file = await fileWith(mistake);
    const { code, out } = await run([file]);
    expect(code).toBe(1);
    expect(out).toBe(
      [
        `${file}:7:24: error: PromQL: \`rate\` needs a range vector, and this is an instant vector; add a range, such as \`[5m]\`. [promql]`,
        "    7 |         expr: sum(rate(errors_total))",
        "      |                        ^",
        "",
        `${file}:8:9: error: This trigger has no key \`abvoe\`. Did you mean \`above\`? [unknown-key]`,
        "    8 |         abvoe: 5",
        "      |         ^",
        "",
        "2 errors, 0 warnings. These rules would not be loaded.",
      ].join("\n"),
    );
  });

  test("JSON carries the same, field by field", async () => {
    const file = await fileWith(mistake);
    const { code, out } = await run([file], "json");
    expect(code).toBe(1);
    const { problems } = JSON.parse(out) as { readonly problems: readonly Problem[] };
    expect(problems.map(({ line, column, rule }) => [line, column, rule])).toEqual([
      [7, 24, "promql"],
      [8, 9, "unknown-key"],
    ]);
    expect(Object.keys(problems[0] ?? {})).toEqual(["file", "line", "column", "severity", "rule", "message"]);
  });

  test("warnings alone are exit 0", async () => {
    const file = await fileWith(rulesWith({ trigger: "expr: sum(a)\nabove: 5\nfor: 5s" }));
    const { code, out } = await run([file]);
    expect(code).toBe(0);
    expect(out).toContain("1 warning in 1 policy with 1 trigger.");
  });

  test("a long line is cut to the terminal, and the mark still stands under the character", async () => {
    const long = `expr: sum(rate(a{b="${"x".repeat(300)}"}[5m])) + rate(wrong) + ${"y".repeat(200)}`;
    const { out } = await run(
      [await fileWith(rulesWith({ trigger: `${long}\nabove: 5\nfor: 5m` }))],
      "text",
      {
        columns: 60,
      },
    );
    const [, line = "", mark = ""] = out.split("\n");
    expect(line.length).toBeLessThanOrEqual(60);
    expect(line.slice(mark.indexOf("^"))).toMatch(/^wrong/);
  });

  test("colour is for those who asked for it", async () => {
    const file = await fileWith(mistake);
    const escape = String.fromCodePoint(27);
    expect((await run([file])).out).not.toContain(escape);
    expect((await run([file], "text", { color: true })).out).toContain(`${escape}[31merror`);
  });
});

describe("a wrong call is exit 2", () => {
  test("without a file, with the way to call it", async () => {
    const { code, err } = await run([]);
    expect(code).toBe(2);
    expect(err).toContain("rollbackd check rules/");
  });

  test("with a file that is not there", async () => {
    const { code, out } = await run([join(EXAMPLES, "none.yaml")]);
    expect(code).toBe(2);
    expect(out).toContain(`${join(EXAMPLES, "none.yaml")}: error: There is no such file or folder.`);
  });
});
