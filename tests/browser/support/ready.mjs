// Before all tests: is everything there that they need?
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { start } from "./hosts.mjs";
import { checkerFolder, countersign, root } from "./programs.mjs";

export default async function ready() {
  checkerFolder();
  countersign();
  const { url, stop } = await start("server");
  const script = await fetch(new URL("pkg/islands.js", url));
  await stop();
  if (!script.ok) throw new Error(`${countersign()} was built without its pages. Run \`make build\`.`);
  execFileSync(join(root, "tests/wasm/build.sh"), { stdio: "inherit" });
}
