// What a visitor downloads, compressed with brotli 11. Fails when a bundle has outgrown its budget.
//   node scripts/weight.mjs TARGET_FOLDER
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const target = process.argv[2] ?? "target";
const budgets = [
  { folder: "checker", what: "the static checker, all of it", limit: 100_000, counts: () => true },
  { folder: "site", what: "the islands' script", limit: 90_000, counts: (name) => name === "islands.js" },
];

let outgrown = 0;
const row = (bytes, text) => console.log(`${bytes.toLocaleString("en").padStart(9)}  ${text}`);
for (const { folder, what, limit, counts } of budgets) {
  let total = 0;
  const files = readdirSync(join(target, folder), { recursive: true, withFileTypes: true });
  for (const { parentPath, path, name } of files.filter((file) => file.isFile() && !/\.(br|gz)$/.test(file.name))) {
    const size = brotliCompressSync(readFileSync(join(parentPath ?? path, name))).length;
    row(size, `${folder}/${name}`);
    if (counts(name)) total += size;
  }
  row(total, `= ${what}; the budget is ${limit.toLocaleString("en")}${total > limit ? ": TOO HEAVY" : ""}`);
  if (total > limit) outgrown += 1;
}
process.exitCode = outgrown > 0 ? 1 : 0;
