// The questions that every other service asks, `get-claims` and `authorize`, on a server that is set up; beside two Node servers that
// do the first one's job.
//   node bench/claims.mjs PROGRAM     alone, for a quick look
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, ms, ratio, table, whole } from "./lib.mjs";
import { ACCOUNT, ROTATE_EVERY, asks, begin, issued, post, rotate, session, setUp } from "./platform.mjs";
import { memory } from "./program.mjs";
import { load } from "./wrk.mjs";

const CONNECTIONS = [1, 16, 64];
const ROUNDS = 3;

export async function claims(countersign) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  const [first, second] = ["lic_one", "lic_two"].map((id) => issued(countersign, id));
  const servers = [];
  try {
    const ours = await begin(servers, countersign, ["serve"], folder, { LISTEN_ADDR: "127.0.0.1:0", LICENSE_MODE: "offline" });
    const cookie = await setUp(ours.address, first);
    const node = (name) => begin(servers, "node", [file(`peer/${name}.mjs`), join(folder, `${name}.db`)], folder, { NODE_ENV: "production" }, first);
    const [peer, bare] = [await node("better-auth"), await node("bare")];
    const contestants = {
      ours: asks(ours, "api/auth/license/get-claims", { cookie }),
      authorize: { url: new URL("api/license/authorize?feature=agentic", ours.address), pid: ours.pid, headers: {}, status: 204 },
      peer: asks(peer, "api/auth/license/get-claims", { cookie: await signUp(peer.address), origin: peer.address.slice(0, -1) }),
      bare: asks(bare, "", {}),
    };
    await measured(contestants, folder, "lic_one", 1);

    const results = {};
    for (const connections of CONNECTIONS) results[connections] = await measured(contestants, folder, "lic_one", ROUNDS, connections);
    const rotations = rotate(ours.address, cookie, [second, first]);
    const rotating = await load(contestants.ours, 16, folder);
    const { count, slowest } = await rotations.end();
    const row = (name, { perSecond, p50, p99, processor }, megabytes) => [name, whole(perSecond), ms(p50), ms(p99), whole(processor), megabytes.toFixed(1)];
    const rows = CONNECTIONS.flatMap((connections) => Object.entries(NAMES).map(
      ([who, name]) => row(`${connections}: ${name}`, results[connections][who], results[connections][who].megabytes),
    ));
    rows.push(row(`16: ${NAMES.ours}, a rotation each ${ROTATE_EVERY} ms`, rotating, Number(memory(ours.pid))));
    return [
      table(["connections", "requests per second", "p50, ms", "p99, ms", "processor, µs each", "memory, MB"], rows),
      `The ${count} rotations of the last row were answered within ${ms(slowest)} ms.`,
      table(["`get-claims`, as a multiple of ours", ...CONNECTIONS.map((count) => `${count} connection${count === 1 ? "" : "s"}`), "wanted"], ratios(results)),
    ].join("\n\n");
  } finally {
    for (const { stop } of servers) await stop();
    rmSync(folder, { recursive: true });
  }
}

const NAMES = {
  ours: "`get-claims`",
  authorize: "`authorize`",
  peer: "Better Auth, a plugin with `jose`",
  bare: "bare Node: two reads and `jose`",
};

function ratios(results) {
  const row = (name, wanted, of) => [name, ...CONNECTIONS.map((count) => ratio(of(results[count]))), wanted];
  return [
    row("requests per second, to Better Auth's", "40 or more", ({ ours, peer }) => ours.perSecond / peer.perSecond),
    row("Better Auth's p99, to ours", "20 or more", ({ ours, peer }) => peer.p99 / ours.p99),
    row("Better Auth's memory, to ours", "6 or more", ({ ours, peer }) => peer.megabytes / ours.megabytes),
    row("requests per second, to bare Node's", "5 or more", ({ ours, bare }) => ours.perSecond / bare.perSecond),
    row("Better Auth's processor time, to ours", "–", ({ ours, peer }) => peer.processor / ours.processor),
    row("bare Node's processor time, to ours", "–", ({ ours, bare }) => bare.processor / ours.processor),
  ];
}

/** All contestants in turn, `rounds` times; the median of each figure, and the memory after it. */
async function measured(contestants, folder, license, rounds, connections = 16) {
  const all = Object.fromEntries(Object.keys(contestants).map((who) => [who, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [who, contestant] of Object.entries(contestants)) {
      await right(contestant, license);
      all[who].push({ ...await load(contestant, connections, folder), megabytes: Number(memory(contestant.pid)) });
      await right(contestant, license);
    }
  }
  const figures = ["perSecond", "p50", "p99", "processor", "megabytes"];
  return Object.fromEntries(Object.entries(all).map(
    ([who, runs]) => [who, Object.fromEntries(figures.map((figure) => [figure, median(runs.map((run) => run[figure]))]))],
  ));
}

/** Throws unless the contestant answers what it is asked. */
async function right({ url, method, headers, body, status = 200 }, license) {
  const answer = await fetch(url, { method, headers, body });
  const text = await answer.text();
  if (answer.status !== status || (status === 200 && JSON.parse(text).claims?.jti !== license)) throw new Error(`${url} answered ${answer.status}: ${text}`);
}

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Makes an account with Better Auth; the cookie of its session. */
const signUp = async (address) => session(await post(address, "auth/sign-up/email", JSON.stringify(ACCOUNT), { origin: address.slice(0, -1) }));

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await claims(process.argv[2]));
