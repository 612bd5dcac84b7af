// What a request costs when history, audit log and the licenses that the license server knows have a thousand rows, and a million.
//   [scripts/postgres.sh] node bench/scale.mjs PROGRAM     alone
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, ms, quantile, ratio, table, whole } from "./lib.mjs";
import { ACCOUNT, asks, begin, issued, post, postgres, session, setUp, sql } from "./platform.mjs";
import { load } from "./wrk.mjs";

const SIZES = [1_000, 1_000_000];
const TRIES = 101;
const ROUNDS = 3;
const TOKEN = "a-token-for-this-run-alone";

export async function scale(countersign) {
  const parts = [];
  for (const [name, onPostgres] of [["SQLite", false], ["PostgreSQL", true]]) {
    if (onPostgres && !process.env.COUNTERSIGN_POSTGRES) continue;
    const [folders, servers] = [[], []];
    try {
      const platforms = [];
      for (const size of SIZES) platforms.push(await filled(folders, servers, countersign, onPostgres, size));
      // What was filled in is on the disk before anything is timed.
      spawnSync("sync");
      const heads = SIZES.flatMap((size) => [`${whole(size)} rows: p50, ms`, "p99, ms"]);
      parts.push(table([`on ${name}`, ...heads, "the median's ratio"], await measured(platforms, folders[0])));
    } finally {
      for (const { stop } of servers) await stop();
      for (const folder of folders) rmSync(folder, { recursive: true });
    }
  }
  return parts.join("\n\n");
}

/** A platform that is set up, with so many rows. */
async function filled(folders, servers, countersign, onPostgres, size) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  folders.push(folder);
  const database = onPostgres && postgres(`scale${size}`);
  const env = { LISTEN_ADDR: "127.0.0.1:0", LICENSE_MODE: "offline", RUST_LOG: "warn", METRICS_TOKEN: TOKEN, ...database?.env };
  const bundles = [issued(countersign, "lic_one"), issued(countersign, "lic_two")];
  const first = await begin(servers, countersign, ["serve"], folder, env);
  const cookie = await setUp(first.address, bundles[0]);
  await first.stop();
  fill(database, folder, size, JSON.parse(bundles[0]));
  return { server: await begin(servers, countersign, ["serve"], folder, env), bundles, cookie, revision: 1 };
}

/** A row for each thing that is asked: of all platforms in turn, so that whatever else the machine does slows all of them. */
async function measured(platforms, folder) {
  const rows = [];
  const row = (what, results) => {
    const [few, many] = results;
    rows.push([what, ...results.flatMap(({ p50, p99 }) => [ms(p50), ms(p99)]), ratio(many.p50 / few.p50)]);
  };
  for (const connections of [1, 16]) {
    const all = platforms.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [number, { server, cookie }] of platforms.entries()) {
        all[number].push(await load(asks(server, "api/auth/license/get-claims", { cookie }), connections, folder));
      }
    }
    const middle = (rounds, figure) => median(rounds.map((round) => round[figure]));
    row(`\`get-claims\`, ${connections} at a time`, all.map((rounds) => ({ p50: middle(rounds, "p50"), p99: middle(rounds, "p99") })));
  }
  for (const [what, [ask, tries]] of Object.entries(QUESTIONS)) row(what, await timed(platforms, ask, tries));
  return rows;
}

const rotated = (platform) => {
  const { server, bundles, cookie } = platform;
  const headers = { cookie, "if-match": `"${platform.revision}"` };
  return post(server.address, "auth/license/rotate", bundles[platform.revision++ % 2], headers);
};

const signedIn = async ({ server }) => {
  const { email, password } = ACCOUNT;
  if (!session(await post(server.address, "auth/sign-in/email", JSON.stringify({ email, password })))) throw new Error("nobody was signed in");
};

const got = (path, more) => async ({ server, cookie }) => {
  const answer = await fetch(new URL(path, server.address), { headers: { cookie, ...more } });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${text.slice(0, 200)}`);
};

const QUESTIONS = {
  "a rotation": [rotated],
  "Settings, License": [got("settings/license")],
  "the history": [got("api/auth/license/history")],
  "the audit log": [got("settings/audit")],
  "… by an action that is rare": [got("api/audit?action=setup.")],
  "… by one that is common": [got("api/audit?action=license.")],
  "… by a person and an action": [got(`api/audit?actor=${encodeURIComponent(ACCOUNT.email)}&action=setup.`)],
  "`/metrics`": [got("metrics", { authorization: `Bearer ${TOKEN}` })],
  // Ten tries a minute are looked at.
  "signing in": [signedIn, 8],
};

/** The median and the 99th percentile of each platform's answers, one after the other. */
async function timed(platforms, ask, tries = TRIES) {
  const times = platforms.map(() => []);
  for (let number = 0; number <= tries; number++) {
    for (const [place, platform] of platforms.entries()) {
      const begin = performance.now();
      await ask(platform);
      // The first one warms up.
      if (number > 0) times[place].push(performance.now() - begin);
    }
  }
  return times.map((all) => ({ p50: median(all), p99: quantile(all, 0.99) }));
}

/** So many licenses that were in use, each with its line in the audit log and what the license server said, and half as many sign-ins. */
function fill(database, folder, size, { jwt, publicKey }) {
  const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
  // Ids of long ago, in their order. What is in use now is newer.
  const id = `'00000000000' || substr('0000000000' || n, length('' || n) + 1)`;
  const rows = [
    `INSERT INTO license_history (id, revision, jwt, public_key, installed_at, replaced_at, replaced_by) SELECT ${id}, -n, ${quoted(jwt)}, ${quoted(publicKey)}, 1, 2, ${quoted(ACCOUNT.email)} FROM numbers`,
    `INSERT INTO audit (id, at, actor, action, detail, address) SELECT ${id}, 1, ${quoted(ACCOUNT.email)}, CASE n % 2 WHEN 0 THEN 'license.rotated' ELSE 'session.began' END, 'Something that was done, told in a sentence as long as this one.', '192.0.2.1' FROM numbers`,
    `INSERT INTO phone_home (subject, next_at, last_success_at) SELECT ${id}, 1, 1 FROM numbers`,
  ];
  if (database) {
    sql(database.url, `BEGIN; CREATE TEMPORARY TABLE numbers AS SELECT generate_series(1, ${size}) AS n; ${rows.join("; ")}; COMMIT; VACUUM ANALYZE;`);
    return;
  }
  // The library of the peer: there is no other one here.
  const Database = createRequire(new URL("peer/package.json", import.meta.url))("better-sqlite3");
  const file = new Database(join(folder, "data/countersign.db"));
  file.exec(`CREATE TEMPORARY TABLE numbers AS WITH RECURSIVE all_of_them (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM all_of_them WHERE n < ${size}) SELECT n FROM all_of_them`);
  file.transaction(() => rows.forEach((row) => file.exec(row)))();
  file.pragma("wal_checkpoint(TRUNCATE)");
  file.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await scale(process.argv[2]));
