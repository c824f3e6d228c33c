// Bundles the viewer into one classic script and one style sheet, and lists the licences of what
// is inside. Run by the wheel build; by hand: npm ci && npm run build.
import { readFileSync, readdirSync, rmSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "dist");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const result = await build({
  absWorkingDir: here,
  entryPoints: { viewer: "src/main.ts" },
  outdir: out,
  bundle: true,
  format: "iife",
  target: ["es2022"],
  charset: "ascii",
  minify: true,
  legalComments: "none",
  loader: { ".png": "dataurl" },
  metafile: true,
  logLevel: "warning",
});

/** The folders of the packages that went into the bundle. */
function bundled(metafile) {
  const found = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) found.add(match[1]);
  }
  return [...found].sort();
}

const notices = bundled(result.metafile).map((name) => {
  const folder = join(here, "node_modules", name);
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} carries no licence file`);
  const licence = readFileSync(join(folder, file), "utf8").trim();
  return `${name} ${about.version} (${about.license})\n\n${licence}\n`;
});
const head = "The viewer in this folder contains the following software.\n\n";
writeFileSync(join(out, "NOTICES.txt"), head + notices.join("\n\n"));
