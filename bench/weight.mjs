// What a visitor downloads, as scripts/weight.mjs weighs it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { table } from "./lib.mjs";

const script = fileURLToPath(new URL("../scripts/weight.mjs", import.meta.url));

export function weight(target, wasm) {
  // Its status says whether a budget is kept; so does what it prints.
  const { stdout } = spawnSync("node", [script, target], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const rows = stdout.trim().split("\n").map((line) => {
    const [, bytes, what] = line.match(/^\s*([\d,]+)\s+(.*)$/);
    return what.startsWith("=") ? [`**${what.slice(2)}**`, `**${bytes}**`] : [`\`${what}\``, bytes];
  });
  const inside = wasm.map(({ what, bytes }) => `${bytes.toLocaleString("en")} bytes in ${what}`).join(", ");
  return `${table(["file", "bytes, brotli 11"], rows)}\n\nThe WebAssembly inside the scripts, uncompressed: ${inside}.`;
}
