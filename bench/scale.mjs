// What a request costs when history, audit log and the licenses that the license server knows have a thousand rows, and a million.
//   [scripts/postgres.sh] node bench/scale.mjs PROGRAM     alone
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

export async function scale(countersign) {
  const parts = [];
  for (const [name, database] of [["SQLite", undefined], ["PostgreSQL", true]]) {
    if (database && !process.env.COUNTERSIGN_POSTGRES) continue;
    const results = [];
    for (const size of SIZES) results.push(await measured(countersign, database, size));
    const rows = Object.keys(results[0]).map((what) => {
      const [few, many] = results.map((result) => result[what]);
      return [what, ...[few, many].flatMap(({ p50, p99 }) => [ms(p50), ms(p99)]), ratio(many.p50 / few.p50)];
    });
    const heads = SIZES.flatMap((size) => [`${whole(size)} rows: p50, ms`, "p99, ms"]);
    parts.push(table([`on ${name}`, ...heads, "the median's ratio"], rows));
  }
  return parts.join("\n\n");
}

async function measured(countersign, onPostgres, size) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  const servers = [];
  try {
    const database = onPostgres && postgres(`scale${size}`);
    const env = { LISTEN_ADDR: "127.0.0.1:0", LICENSE_MODE: "offline", RUST_LOG: "warn", METRICS_TOKEN: "a-token-for-this-run-alone", ...database?.env };
    const first = await begin(servers, countersign, ["serve"], folder, env);
    const bundles = [issued(countersign, "lic_one"), issued(countersign, "lic_two")];
    const cookie = await setUp(first.address, bundles[0]);
    await first.stop();
    fill(database, folder, size, JSON.parse(bundles[0]));

    const server = await begin(servers, countersign, ["serve"], folder, env);
    const get = async (path, headers = { cookie }) => {
      const answer = await fetch(new URL(path, server.address), { headers });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${text.slice(0, 200)}`);
    };
    let revision = 1;
    const results = {};
    for (const connections of [1, 16]) {
      results[`\`get-claims\`, ${connections} at a time`] = await load(asks(server, "api/auth/license/get-claims", { cookie }), connections, folder);
    }
    results["a rotation"] = await timed(() => post(server.address, "auth/license/rotate", bundles[revision % 2], { cookie, "if-match": `"${revision++}"` }));
    results["Settings, License"] = await timed(() => get("settings/license"));
    results["the history"] = await timed(() => get("api/auth/license/history"));
    results["the audit log"] = await timed(() => get("settings/audit"));
    results["… by an action that is rare"] = await timed(() => get("api/audit?action=setup."));
    results["… by one that is common"] = await timed(() => get("api/audit?action=license."));
    results["… by a person and an action"] = await timed(() => get(`api/audit?actor=${encodeURIComponent(ACCOUNT.email)}&action=setup.`));
    results["`/metrics`"] = await timed(() => get("metrics", { authorization: `Bearer ${env.METRICS_TOKEN}` }));
    // Ten guesses a minute are looked at; these are none.
    const signIn = () => post(server.address, "auth/sign-in/email", JSON.stringify({ email: ACCOUNT.email, password: ACCOUNT.password }));
    if (!session(await signIn())) throw new Error("nobody was signed in");
    results["signing in"] = await timed(signIn, 7);
    return results;
  } finally {
    for (const { stop } of servers) await stop();
    rmSync(folder, { recursive: true });
  }
}

/** The median and the 99th percentile of one after the other. */
async function timed(ask, tries = TRIES) {
  const times = [];
  for (let number = 0; number <= tries; number++) {
    const begin = performance.now();
    await ask();
    times.push(performance.now() - begin);
  }
  times.shift();
  return { p50: median(times), p99: quantile(times, 0.99) };
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
