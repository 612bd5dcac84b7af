// Trunk's post_build hook: turns what Trunk staged (wasm, generated JavaScript, HTML) into the files that are served.
//
// The checker's page says `connect-src 'none'` from its first byte on, so its wasm cannot be fetched: it is embedded in
// the page's one script. That also makes the page work from file:// and from any static host, at any path.
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { literal } from "./pack/literal.mjs";
import { shrink } from "./pack/shrink.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { buildSync } = createRequire(join(root, "tests/browser/package.json"))("esbuild");

const bundle = basename(process.env.TRUNK_HTML_FILE, ".html"); // checker or islands
const release = process.env.TRUNK_PROFILE === "release";
const stage = process.env.TRUNK_STAGING_DIR;
const staged = (name) => join(stage, name);

function script() {
  // wasm-bindgen's loader would fetch the wasm. Its last two steps are what we need: export those in its place.
  let [glue, ...rest] = readFileSync(staged(`${bundle}.js`), "utf8").split("export { initSync, __wbg_init as default };");
  if (rest.length !== 1) throw new Error("wasm-bindgen's output ends in another way than expected: did its version change?");
  if (release) glue = shrink(staged(`${bundle}_bg.wasm`), glue);
  writeFileSync(staged("glue.mjs"), `${glue}export { __wbg_get_imports, __wbg_finalize_init };\n`);

  const { outputFiles } = buildSync({
    entryPoints: [join(root, `scripts/boot/${bundle}.js`)],
    alias: { glue: staged("glue.mjs") },
    bundle: true,
    minify: release,
    format: "iife",
    target: "es2022",
    logOverride: { "empty-import-meta": "silent" }, // in the loader, which is left out
    legalComments: "none",
    write: false,
  });
  const [before, after, ...more] = outputFiles[0].text.split('"@wasm@"');
  if (after === undefined || more.length > 0) throw new Error("the boot code must name the wasm exactly once");
  return before + literal(readFileSync(staged(`${bundle}_bg.wasm`))) + after;
}

function styles() {
  const { outputFiles } = buildSync({
    entryPoints: [join(root, "style/main.css")],
    bundle: true,
    minify: release,
    external: ["*.svg", "*.png", "*.woff2"], // stand beside it, see public/
    legalComments: "none",
    write: false,
  });
  return outputFiles[0].text;
}

/** The checker takes from public/ what its page or its styles name; the server serves all of it. */
function publicFiles(texts) {
  const names = readdirSync(join(root, "public"));
  return bundle === "checker" ? names.filter((name) => texts.some((text) => text.includes(name))) : names;
}

function compress(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) compress(path);
    else if (/\.(js|css|html|svg|txt|json|webmanifest|ico)$/.test(entry.name)) {
      const bytes = readFileSync(path);
      writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
      writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    }
  }
}

const files = { [`${bundle}.js`]: script(), "main.css": styles() };
if (bundle === "checker") {
  const page = readFileSync(staged("index.html"), "utf8");
  // While developing, Trunk reloads the page by an inline script and a connection, both of which the policy forbids.
  files["index.html"] = release ? page : page.replace(/^.*http-equiv="Content-Security-Policy".*\n/m, "");
}

for (const name of readdirSync(stage)) rmSync(staged(name), { recursive: true });
for (const [name, text] of Object.entries(files)) writeFileSync(staged(name), text);
for (const name of publicFiles(Object.values(files))) cpSync(join(root, "public", name), staged(name), { recursive: true });
if (bundle === "islands") compress(stage);
