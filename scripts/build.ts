/**
 * `node scripts/build.ts [FOLDER]` makes `dist/` (or FOLDER) from `src/`: `rollbackd.js` starts `main.js`, which
 * loads the code of a command when it is called. Everything that is needed to run is in there, with source maps
 * and the licences of what is bundled.
 */
import { chmod, copyFile, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Metafile, build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const dist = resolve(process.argv[2] ?? join(root, "dist"));

await rm(dist, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/main.ts"],
  outdir: dist,
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node24",
  chunkNames: "chunk-[hash]",
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  legalComments: "none",
  logLevel: "warning",
  // Bundled CommonJS asks for Node's own modules through `require`, which ES modules do not have.
  banner: {
    js: 'import { createRequire as createRequire_ } from "node:module"; const require = createRequire_(import.meta.url);',
  },
});
await writeFile(join(dist, "LICENSES.txt"), await licences(metafile));
await copyFile(join(root, "scripts/launcher.js"), join(dist, "rollbackd.js"));
await chmod(join(dist, "rollbackd.js"), 0o755);

const bytes = Object.entries(metafile.outputs).filter(([file]) => file.endsWith(".js"));
const total = bytes.reduce((sum, [, output]) => sum + output.bytes, 0);
console.log(
  `build: ${join(dist, "rollbackd.js")} and ${bytes.length} files behind it, ${(total / 1e6).toFixed(1)} MB`,
);

/** The licence texts of all packages of which something was bundled. */
async function licences({ inputs }: Metafile): Promise<string> {
  const folders = Object.keys(inputs).flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(file)?.[0] ?? [],
  );
  const texts = [...new Set(folders)].toSorted().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
    const file = (await readdir(join(root, folder))).find((entry) => /^licen[cs]e/iu.test(entry));
    const text = file === undefined ? "" : await readFile(join(root, folder, file), "utf8");
    return `${name} ${version} (${license})\n\n${text}`.trim();
  });
  return `${(await Promise.all(texts)).join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
