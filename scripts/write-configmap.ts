/** `node scripts/write-configmap.ts [FILE]` writes the rules of `rules/` as deploy/configmap.yaml (or FILE). */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stringify } from "yaml";

const root = resolve(import.meta.dirname, "..");
const rules = join(root, "rules");

const files = (await readdir(rules)).filter((file) => file.endsWith(".yaml") && !file.endsWith(".test.yaml"));
const texts = files
  .toSorted()
  .map(async (file) => [file, await readFile(join(rules, file), "utf8")] as const);

const configMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "rollbackd-rules", namespace: "vcci-production" },
  data: Object.fromEntries(await Promise.all(texts)),
};
const header = "# Made from rules/ by `node scripts/write-configmap.ts`. Edit there.\n";
await writeFile(
  process.argv[2] ?? join(root, "deploy/configmap.yaml"),
  header + stringify(configMap, { lineWidth: 0 }),
);
