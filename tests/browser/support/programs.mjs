// What the tests need to find: a browser, the program, the built page.
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(import.meta.url), "../../../..");
export const target = resolve(process.env.CARGO_TARGET_DIR ?? join(root, "target"));

/** The system's Chromium. */
export function chromium() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const places = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  const found = [process.env.CHROMIUM, ...places].find((path) => path && existsSync(path));
  if (!found) throw new Error("There is no Chromium on PATH. Run `make setup-test`, or name one in the environment variable CHROMIUM.");
  return found;
}

/** The `countersign` program. */
export function countersign() {
  const places = process.env.COUNTERSIGN_BIN
    ? [process.env.COUNTERSIGN_BIN]
    : ["release", "debug"].map((profile) => join(target, profile, "countersign"));
  const found = places.find((path) => existsSync(path));
  if (!found) throw new Error(`There is no ${places.join(", and no ")}. Run \`make build\`, or name the program in COUNTERSIGN_BIN.`);
  return found;
}

/** The folder with the static checker. */
export function checkerFolder() {
  const folder = process.env.CHECKER_DIR ?? join(target, "checker");
  if (!existsSync(folder) || !readdirSync(folder).includes("index.html")) {
    throw new Error(`The static checker is not in ${folder}. Run \`make checker\`, or name its folder in CHECKER_DIR.`);
  }
  return folder;
}
