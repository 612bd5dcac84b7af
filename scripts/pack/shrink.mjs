// Makes the wasm of a release small: drops what nobody calls, then lets wasm-opt work on it, and shortens the names on the
// border between wasm and JavaScript. Measured on the checker, brotli 11, as each step was added:
//   wasm-opt -Oz                                            93,166
//   without wasm-streams, short names on the border         90,796
//   flattened, loops restored, optimized twice, converged   87,725 (with --traps-never-happen; 1.8 kB more without)
// And on the islands of a later day, without the bodies of what nobody can call: 88,030 became 85,438.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const require = createRequire(join(root, "tests/browser/package.json"));
const { default: binaryen } = await import(pathToFileURL(require.resolve("binaryen")));

// leptos links wasm-streams, whose classes are exported for JavaScript that we do not have.
const UNUSED_EXPORT = /intounderlying/;
// Tables of functions, which wasm-opt has to believe in, keep the code behind those classes alive all the same.
const UNUSED = /wasm_streams/;
// Where LLVM makes one function of two equal ones, a name says nothing about who else calls it, see site.sh.
const namesAreTrue = (process.env.CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS ?? "").includes("-Zmerge-functions=disabled");

// What every browser since 2022 understands, and no more: wasm-opt uses whatever it is allowed to.
const FEATURES = [
  ..."--enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext".split(" "),
  ..."--enable-mutable-globals --enable-reference-types --enable-multivalue".split(" "),
];
// Not --traps-never-happen: it would take the bounds checks out of a program whose whole point is that it can be relied on.
const PASSES = [
  ...FEATURES,
  ..."-Oz --flatten --rereloop -Oz -Oz --converge --one-caller-inline-max-function-size=30".split(" "),
  ..."--strip-producers --strip-target-features".split(" "),
];
// By itself: it prints which name became which, and a pass that runs until nothing changes would print more than once.
const SHORTEN = [...FEATURES, "--minify-imports-and-exports-and-modules"];

/** Empties the functions that only the removed exports led to. Each would stop the program if it were called after all. */
function empty(path) {
  const module = binaryen.readBinary(readFileSync(path));
  const all = Array.from({ length: module.getNumFunctions() }, (_, i) => module.getFunctionByIndex(i));
  const unused = all.filter((one) => UNUSED.test(binaryen.getFunctionInfo(one).name) && !binaryen.getFunctionInfo(one).base);
  if (unused.length === 0) throw new Error("nothing of wasm-streams is left: scripts/pack/shrink.mjs need not look for it any more");
  for (const one of unused) binaryen.Function.setBody(one, module.unreachable());
  writeFileSync(path, module.emitBinary());
  module.dispose();
}

/** Fails if anything calls what is about to be emptied. */
function expectUncalled(path) {
  const graph = execFileSync("wasm-opt", [...FEATURES, "--quiet", "--print-call-graph", path], { encoding: "utf8", maxBuffer: 1 << 28 });
  const calls = [...graph.matchAll(/^ *"(.*)" -> "(.*)"; \/\/ call/gm)];
  if (calls.length === 0) throw new Error("wasm-opt prints its call graph in another way than expected");
  const call = calls.find(([, from, to]) => UNUSED.test(to) && !UNUSED.test(from));
  if (call) throw new Error(`wasm-streams is in use: ${call[1]} calls ${call[2]}`);
}

/** Shrinks the wasm file in place; returns the JavaScript that goes with it. */
export function shrink(path, glue) {
  const module = binaryen.readBinary(readFileSync(path));
  const names = Array.from({ length: module.getNumExports() }, (_, i) => binaryen.getExportInfo(module.getExportByIndex(i)).name);
  for (const name of names.filter((name) => UNUSED_EXPORT.test(name))) module.removeExport(name);
  module.runPasses(["remove-unused-module-elements"]);
  binaryen.setDebugInfo(namesAreTrue); // keeps the names
  writeFileSync(path, module.emitBinary());
  module.dispose();
  if (namesAreTrue) {
    expectUncalled(path);
    binaryen.setDebugInfo(false);
    empty(path);
  }

  execFileSync("wasm-opt", [...PASSES, path, "-o", path]);
  const { imports, exports } = JSON.parse(execFileSync("wasm-opt", [...SHORTEN, path, "-o", path], { encoding: "utf8" }));
  const [from] = imports[0];
  const shortImports = new Map(imports.map(([, name, to]) => [name, to]));
  const shortExports = new Map(exports);
  return glue
    .replace(JSON.stringify(from), '"a"') // wasm-opt's one name for all modules
    .replace(/^ {8}(__wb\w+): (function[^]*?^ {8}\}.*),\n/gm, (_, name, body) => {
      const to = shortImports.get(name); // none: nobody calls it any more
      return to === undefined ? "" : `        ${to}: ${body},\n`;
    })
    .replace(/\bwasm\.(\w+)/g, (_, name) => `wasm.${shortExports.get(name) ?? name}`);
}
