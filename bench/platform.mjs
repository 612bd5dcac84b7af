// Servers that are set up, for what is measured of them.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { output, sleep, started } from "./lib.mjs";

export const ROTATE_EVERY = 100; // milliseconds
const NOW = Math.floor(Date.now() / 1000);
const END = NOW + 90 * 86_400;
export const ACCOUNT = { name: "First Admin", email: "admin@example.com", password: "three blue mountains at noon" };

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const key = file("../tests/vectors/keys/rsa2048.pem");
/** A bundle that is valid today. All end at the same time, so that none is worse than another. */
export const issued = (countersign, id) => output(countersign, ["issue", "--key", key, "--jti", id, "--expires", String(END), "--issued", String(NOW)]);

/** Starts a server that says where it listens. */
export async function begin(servers, program, args, folder, env, input) {
  const options = { cwd: folder, env: { PATH: process.env.PATH, ...env }, input };
  const server = await started(program, args, "listens on", options);
  servers.push(server);
  return { ...server, address: server.line.match(/http:\S+/)[0] };
}

/** What `wrk` asks of one of them. */
export const asks = ({ address, pid }, path, headers) =>
  ({ url: new URL(path, address), pid, method: "POST", headers: { "content-type": "application/json", ...headers }, body: "{}" });

export async function post(address, path, body, headers) {
  const answer = await fetch(new URL(`api/${path}`, address), {
    method: "POST", headers: { "content-type": "application/json", ...headers }, body,
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer;
}

/** The cookie of a session that an answer begins. */
export const session = (answer) => answer.headers.getSetCookie().map((line) => line.split(";")[0]).find((pair) => /session(_token)?=/.test(pair));

/** Goes through the wizard; the cookie of the first administrator's session. */
export async function setUp(address, license) {
  await post(address, "setup/license", license);
  const cookie = session(await post(address, "setup/admin", JSON.stringify(ACCOUNT)));
  for (const [step, body] of [["organization", { name: "Acme Corp" }], ["email", { provider: "later" }], ["complete", {}]]) {
    await post(address, `setup/${step}`, JSON.stringify(body), { cookie });
  }
  return cookie;
}

/** Rotates until it is told to end. */
export function rotate(address, cookie, bundles) {
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

/** A PostgreSQL database of its own, where `scripts/postgres.sh` started a server; what a replica on it is configured with. */
export function postgres(name) {
  const server = process.env.COUNTERSIGN_POSTGRES;
  if (!server) return undefined;
  const url = `${server}/${name}`;
  sql(`${server}/postgres`, `CREATE DATABASE ${name}`);
  return { url, env: { DATABASE_URL: url, SECRET_KEY: "one secret for all replicas of this run", RUST_LOG: "warn" } };
}

/** Runs SQL on PostgreSQL. */
export function sql(url, text) {
  const { status, stderr } = spawnSync("psql", [url, "-qv", "ON_ERROR_STOP=1", "-f", "-"], { input: text, encoding: "utf8" });
  if (status !== 0) throw new Error(`psql: ${stderr}`);
}
