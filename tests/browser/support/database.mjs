// The database file of a test's platform, as somebody else reaches it: with SQLite of Python's own.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const file = (platform) => join(platform.folder, "data/countersign.db");
const OPEN = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None)";

/** Changes what is stored behind the platform's back. */
export function change(platform, sql) {
  execFileSync("python3", ["-c", `${OPEN}; db.execute(sys.argv[2])`, file(platform), sql]);
}

/** Begins to write, as a tool with an open transaction does. Returns what ends it. */
export async function hold(platform) {
  const begin = `${OPEN}; db.execute("BEGIN IMMEDIATE"); print("held", flush=True); sys.stdin.read()`;
  const tool = spawn("python3", ["-c", begin, file(platform)], { stdio: ["pipe", "pipe", "inherit"] });
  await once(tool.stdout, "data");
  return async () => {
    tool.stdin.end();
    await once(tool, "exit");
  };
}
