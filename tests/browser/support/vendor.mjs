// The vendor's license server that is in the program, for one test.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { countersign } from "./programs.mjs";

const TOKEN = "what the vendor shows";

/** Starts it. Returns its address, what tells it to do something (docs/phone-home.md), and what stops it. */
export async function startVendor() {
  const folder = mkdtempSync(join(tmpdir(), "countersign-vendor-"));
  const server = spawn(countersign(), ["license-server", "--plain", "--listen", "127.0.0.1:0", "--admin-token", TOKEN], {
    cwd: folder, stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((ended) => server.once("exit", ended));
  let address;
  for await (const line of createInterface({ input: server.stdout })) {
    address = line.match(/listens on (http:\S+)/)?.[1];
    if (address) break;
  }
  if (!address) throw new Error("`countersign license-server` ended before it listened; its reason stands above.");
  server.stdout.resume();
  const tell = async (path, body) => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const { status } = await fetch(new URL(path, address), { method: "POST", headers, body: JSON.stringify(body) });
    if (status !== 200) throw new Error(`the license server answers ${status} to ${path}`);
  };
  const stop = async () => {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { address, tell, stop };
}
