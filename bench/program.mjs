// The command line from start to exit, and the server: its start, its memory, its answers.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JWT, PEM, bundle, NOW } from "../tests/vectors/build.mjs";
import { has, median, min, ms, p95, ratio, sleep, started, table, whole } from "./lib.mjs";
import { load } from "./load.mjs";

const RUNS = 80;
const STARTS = 15;
const ROUNDS = 3;

/** `countersign check` beside the least that a program can do, and beside openssl's verification of the same signature. */
export function commandLine(countersign) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  const file = (name, content) => (writeFileSync(join(folder, name), content), join(folder, name));
  try {
    const end = JWT.lastIndexOf(".");
    const programs = [
      ["`true`", "true", []],
      ["`countersign check valid.json`", countersign, ["check", "--now", String(NOW), file("valid.json", bundle())]],
      ["`openssl dgst -sha256 -verify`", "openssl", [
        "dgst", "-sha256", "-verify", file("key.pem", PEM), "-signature", file("signature", Buffer.from(JWT.slice(end + 1), "base64url")), file("input", JWT.slice(0, end)),
      ]],
    ].filter(([, program]) => has(program));
    const times = programs.map(() => []);
    for (let run = 0; run < RUNS; run++) {
      programs.forEach(([, program, args], index) => {
        const start = performance.now();
        const { status } = spawnSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
        times[index].push(performance.now() - start);
        if (status !== 0) throw new Error(`${program} ended with ${status}`);
      });
    }
    const rows = programs.map(([name, program, args], index) => [name, ms(min(times[index])), ms(median(times[index])), ms(p95(times[index])), peak(program, args)]);
    return table([`from start to exit, ${RUNS} times, ms`, "best", "median", "p95", "peak memory, MB"], rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The most memory that a program had, by GNU time, where there is one. */
function peak(program, args) {
  const { stdout, stderr } = spawnSync("/usr/bin/time", ["-f", "%M", program, ...args], { encoding: "utf8" });
  const kilobytes = stdout !== null && stderr?.trim().split("\n").at(-1);
  return /^\d+$/.test(kilobytes) ? (kilobytes / 1024).toFixed(1) : "–";
}

/** The server, its requests beside those of a Node server that sends as many bytes and does nothing else. */
export async function server(countersign) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  const serve = async () => {
    const start = performance.now();
    const options = { cwd: folder, env: { PATH: process.env.PATH, LISTEN_ADDR: "127.0.0.1:0" } };
    const { line, pid, stop } = await started(countersign, ["serve"], "listens on", options);
    const listens = performance.now() - start;
    const address = line.match(/http:\S+/)[0];
    const { ok } = await fetch(new URL("health/ready", address));
    if (!ok) throw new Error("the server listens and is not ready");
    return { address, pid, stop, times: { listens, answers: performance.now() - start } };
  };
  try {
    const starts = [];
    for (let round = 0; round < STARTS; round++) {
      const { times, stop } = await serve();
      starts.push(times);
      await stop();
    }
    const { address, pid, stop } = await serve();
    try {
      await sleep(1_000);
      const idle = memory(pid);
      const requests = await answers(address);
      const after = memory(pid);
      const row = (what, figures) => [what, ms(min(figures)), ms(median(figures)), ms(p95(figures))];
      const begin = table([`the server from its start, ${STARTS} times, ms`, "best", "median", "p95"], [
        row("until it listens", starts.map(({ listens }) => listens)),
        row("until `/health/ready` is answered", starts.map(({ answers }) => answers)),
      ]);
      const memories = idle === undefined ? "" : `Its memory (resident): ${idle} MB idle, ${after} MB after the requests below.\n\n`;
      return `${begin}\n\n${memories}${requests}`;
    } finally {
      await stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The resident memory of a process, in MB; nothing where there is no Linux. */
export function memory(pid) {
  try {
    const [, kilobytes] = readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/);
    return (kilobytes / 1024).toFixed(1);
  } catch {
    return undefined; // no Linux
  }
}

async function answers(address) {
  const rows = [];
  for (const path of ["health", "license-checker"]) {
    const url = new URL(path, address);
    const body = Buffer.from(await (await fetch(url)).arrayBuffer());
    const plain = await started("node", [fileURLToPath(new URL("plain.mjs", import.meta.url)), String(body.length)], "http:");
    const contestants = { ours: url, plain: new URL(plain.line) };
    const results = { ours: [], plain: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, url] of Object.entries(contestants)) results[name].push(await load(url));
    }
    await plain.stop();
    const rate = (name) => median(results[name].map(({ perSecond }) => perSecond));
    const latency = (name) => median(results[name].map(({ p99 }) => p99));
    rows.push(
      [`\`GET ${url.pathname}\`, ${whole(body.length)} bytes`, whole(rate("ours")), ms(latency("ours")), ratio(rate("ours") / rate("plain"))],
      ["Node, the same number of bytes", whole(rate("plain")), ms(latency("plain")), "1.0"],
    );
  }
  return table([`16 connections, ${ROUNDS} rounds in turn`, "requests per second", "p99, ms", "of Node's"], rows);
}
