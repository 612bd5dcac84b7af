// Requests as fast as `wrk` can send them: one thread, each connection waiting for its answer before it asks again. It takes a few
// microseconds for each, where a generator in Node would take more than some of the servers do.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SECONDS = 3;

/** Loads a contestant: `{ url, method, headers, body, pid }`. `folder` holds what wrk reads. */
export async function load({ url, method = "GET", headers = {}, body = "", pid }, connections, folder, seconds = SECONDS) {
  const script = join(folder, "request.lua");
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}\n`);
  writeFileSync(script, `wrk.method = ${quoted(method)}\nwrk.body = ${quoted(body)}\n${lines.join("")}`);
  const before = processorTime(pid);
  const text = await ran("wrk", ["--threads", "1", "--connections", `${connections}`, "--duration", `${seconds}s`, "--latency", "--timeout", "30s", "--script", script, `${url}`]);
  const used = processorTime(pid) - before;
  const [, wrong] = /Non-2xx or 3xx responses: (\d+)/.exec(text) ?? [];
  if (wrong) throw new Error(`${url}: ${wrong} answers were refusals`);
  if (/Socket errors/.test(text)) throw new Error(`${url}: ${/Socket errors.*/.exec(text)[0]}`);
  const [, requests] = /(\d+) requests in/.exec(text);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
    p50: milliseconds(text, "50%"),
    p99: milliseconds(text, "99%"),
    processor: (used / Number(requests)) * 1e6,
  };
}

const quoted = (text) => `"${text.replace(/[\\"]/g, "\\$&")}"`;

function milliseconds(text, share) {
  const [, number, unit] = new RegExp(`^\\s+${share}\\s+([\\d.]+)(us|ms|s)\\s*$`, "m").exec(text);
  return Number(number) * { us: 0.001, ms: 1, s: 1000 }[unit];
}

/** The processor time that a process has used, in seconds. */
function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100; // Linux counts hundredths, on every machine
}

function ran(program, args) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (data) => { text += data; });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => (status === 0 ? resolve(text) : reject(new Error(`${program} ended with ${status}`))));
  });
}
