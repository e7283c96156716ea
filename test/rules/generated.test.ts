import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { GUIDE_FILE, SCHEMA_FILE, renderGuide, renderSchema } from "../../scripts/write-schema.ts";
import { rulesWith } from "./written.ts";

// When one of these fails, the schema was changed: run node scripts/write-schema.ts

test("the schema that editors use is the one that rules are loaded with", async () => {
  expect(JSON.parse(await readFile(SCHEMA_FILE, "utf8"))).toEqual(JSON.parse(renderSchema()));
});

test("the guide's tables of keys are those of the schema", async () => {
  const guide = await readFile(GUIDE_FILE, "utf8");
  // The formatter pads tables, which is no difference.
  const plain = (text: string) => text.replace(/ +/g, " ").replace(/-{3,}/g, "---");
  expect(plain(guide)).toBe(plain(renderGuide(guide)));
});

test("an editor accepts the shipped example and a file that leaves every default out", async () => {
  const accepts = new Ajv({ strictTypes: false }).compile(JSON.parse(renderSchema()));
  const example = await readFile(join(import.meta.dirname, "../../rules/vcci-api.yaml"), "utf8");
  expect(accepts(parse(example))).toBe(true);
  expect(accepts(parse(rulesWith()))).toBe(true);
  expect(accepts(parse(rulesWith({ trigger: "exrp: a" })))).toBe(false);
});

test("the shipped example tells editors where its schema is", async () => {
  const example = await readFile(join(import.meta.dirname, "../../rules/vcci-api.yaml"), "utf8");
  expect(example.split("\n")[0]).toBe("# yaml-language-server: $schema=./rules.schema.json");
});
