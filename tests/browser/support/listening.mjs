// Commands of the program that listen: the server, and the vendor's license server.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { countersign } from "./programs.mjs";

/** Starts one in an empty folder. Returns the address that it names, the folder, and what stops it and takes the folder away. */
export async function listening(args, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  const program = spawn(countersign(), args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"], ...options });
  const ended = new Promise((ended) => program.once("exit", ended));
  let address;
  for await (const line of createInterface({ input: program.stdout })) {
    address = line.match(/listens on (http:\S+)/)?.[1];
    if (address) break;
  }
  if (!address) throw new Error(`\`countersign ${args[0]}\` ended before it listened; its reason stands above.`);
  program.stdout.resume();
  const stop = async () => {
    program.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { address, folder, stop };
}
