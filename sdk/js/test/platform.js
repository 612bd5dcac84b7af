// A running server of one test's own, set up over HTTP.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { countersign } from "../../../tests/browser/support/programs.mjs";

export const ADMIN = { name: "First Admin", email: "admin@example.com", password: "three blue mountains at noon" };
const keys = fileURLToPath(new URL("../../../tests/vectors/keys/", import.meta.url));

/** A bundle for the system's own clock. */
export function issue(options = {}, key = "rsa2048") {
  const all = { key: join(keys, `${key}.pem`), org: "Acme Corp", days: 90, ...options };
  const args = Object.entries(all).filter(([, value]) => value !== undefined).map(([name, value]) => `--${name}=${value}`);
  const { status, stdout, stderr } = spawnSync(countersign(), ["issue", ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Starts a server at that base path; `stop` ends it. */
export async function serve(base = "/") {
  const folder = mkdtempSync(join(tmpdir(), "countersign-sdk-"));
  const env = { PATH: process.env.PATH, LISTEN_ADDR: "127.0.0.1:0", BASE_PATH: base, LICENSE_MODE: "offline" };
  const server = spawn(countersign(), ["serve"], { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const url = await new Promise((resolve, reject) => {
    let text = "";
    server.stdout.on("data", (data) => {
      text += data;
      const [, found] = /listens on (\S+)\n/.exec(text) ?? [];
      if (found) resolve(found);
    });
    ended.then(() => reject(new Error("the server ended before it was ready")));
  });
  const stop = async () => {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true });
  };
  return { url, stop };
}

/** Goes through the wizard. */
export async function setUp(url, license) {
  let cookie = "";
  for (const [step, body] of [
    ["license", license], ["admin", ADMIN], ["organization", { name: "Acme Corp" }], ["email", { provider: "later" }], ["complete", {}],
  ]) {
    const answer = await fetch(new URL(`api/setup/${step}`, url), {
      method: "POST", headers: { "content-type": "application/json", cookie }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${step}: ${await answer.text()}`);
    const session = (answer.headers.get("set-cookie") ?? "").match(/session=[^;]+/);
    if (session) [cookie] = session;
  }
}
