// `get-claims` on a server that is set up: the question that every other service asks.
//   node bench/claims.mjs PROGRAM     alone, for a quick look
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ms, output, sleep, started, table, whole } from "./lib.mjs";
import { load } from "./load.mjs";
import { memory } from "./program.mjs";

const CONNECTIONS = [1, 16, 64];
const ROTATE_EVERY = 100; // milliseconds

export async function claims(countersign) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  const options = { cwd: folder, env: { PATH: process.env.PATH, LISTEN_ADDR: "127.0.0.1:0" } };
  const { line, pid, stop } = await started(countersign, ["serve"], "listens on", options);
  try {
    const address = line.match(/http:\S+/)[0];
    const [first, second] = ["lic_one", "lic_two"].map((id) => issued(countersign, id));
    const cookie = await setUp(address, first);
    const url = new URL("api/auth/license/get-claims", address);
    const head = { Host: url.host, "Content-Type": "application/json", Cookie: cookie, "Content-Length": 2 };
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `POST ${url.pathname} HTTP/1.1\r\n${lines.join("")}\r\n{}`;

    const rows = [];
    const measure = async (name, connections) => {
      const { perSecond, p50, p99 } = await load(url, { connections, request });
      rows.push([name, whole(perSecond), ms(p50), ms(p99), memory(pid) ?? "–"]);
    };
    for (const connections of CONNECTIONS) await measure(`${connections} connection${connections === 1 ? "" : "s"}`, connections);
    const rotations = rotate(address, cookie, [second, first]);
    await measure(`16 connections, a rotation each ${ROTATE_EVERY} ms`, 16);
    const { count, slowest } = await rotations.end();
    const note = `The ${count} rotations of the last row were answered within ${ms(slowest)} ms.`;
    return `${table(["`POST get-claims`", "requests per second", "p50, ms", "p99, ms", "memory, MB"], rows)}\n\n${note}`;
  } finally {
    await stop();
    rmSync(folder, { recursive: true });
  }
}

const key = fileURLToPath(new URL("../tests/vectors/keys/rsa2048.pem", import.meta.url));
/** A bundle that is valid today. Both end at the same time, so that neither is worse than the other. */
const issued = (countersign, id) => output(countersign, ["issue", "--key", key, "--jti", id, "--expires", String(END), "--issued", String(NOW)]);
const NOW = Math.floor(Date.now() / 1000);
const END = NOW + 90 * 86_400;

async function post(address, path, body, headers) {
  const answer = await fetch(new URL(`api/${path}`, address), {
    method: "POST", headers: { "content-type": "application/json", ...headers }, body,
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer;
}

/** Goes through the wizard; the cookie of the first administrator's session. */
async function setUp(address, license) {
  await post(address, "setup/license", license);
  const account = { name: "First Admin", email: "admin@example.com", password: "three blue mountains at noon" };
  const cookie = (await post(address, "setup/admin", JSON.stringify(account))).headers.getSetCookie()
    .map((line) => line.split(";")[0]).find((pair) => pair.startsWith("session="));
  for (const [step, body] of [["organization", { name: "Acme Corp" }], ["email", { provider: "later" }], ["complete", {}]]) {
    await post(address, `setup/${step}`, JSON.stringify(body), { cookie });
  }
  return cookie;
}

/** Rotates until it is told to end. */
function rotate(address, cookie, bundles) {
  let [running, count, slowest] = [true, 0, 0];
  const work = (async () => {
    while (running) {
      const begin = performance.now();
      await post(address, "auth/license/rotate", bundles[count % 2], { cookie, "if-match": `"${count + 1}"` });
      slowest = Math.max(slowest, performance.now() - begin);
      count += 1;
      await sleep(ROTATE_EVERY);
    }
  })();
  return { end: async () => { running = false; await work; return { count, slowest }; } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await claims(process.argv[2]));
