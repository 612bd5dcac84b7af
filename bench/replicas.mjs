// `get-claims` on PostgreSQL, with one, two and three replicas, on the machine that also runs the database and the generator.
//   scripts/postgres.sh node bench/replicas.mjs PROGRAM     alone
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { max, median, ms, ratio, table, whole } from "./lib.mjs";
import { asks, begin, issued, postgres, setUp } from "./platform.mjs";
import { memory } from "./program.mjs";
import { load } from "./wrk.mjs";

const CONNECTIONS = 48; // shared among the replicas
const ROUNDS = 3;

export async function replicas(countersign) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  const servers = [];
  try {
    const database = postgres("replicas");
    if (!database) return "There was no PostgreSQL server for this run.";
    const one = (env) => begin(servers, countersign, ["serve"], folder, { LISTEN_ADDR: "127.0.0.1:0", LICENSE_MODE: "offline", ...env });
    const onPostgres = [];
    for (let count = 0; count < 3; count++) onPostgres.push(await one(database.env));
    const onSqlite = await one({ RUST_LOG: "warn" });
    const license = issued(countersign, "lic_one");
    const contestants = [
      ["1, SQLite", [onSqlite], await setUp(onSqlite.address, license)],
      ...await (async () => {
        const cookie = await setUp(onPostgres[0].address, license);
        return [1, 2, 3].map((count) => [`${count}, PostgreSQL`, onPostgres.slice(0, count), cookie]);
      })(),
    ];
    const runs = new Map(contestants.map(([name]) => [name, []]));
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, replicas, cookie] of contestants) {
        const figures = await Promise.all(replicas.map((server, index) => {
          const own = join(folder, `${index}`);
          mkdirSync(own, { recursive: true });
          return load(asks(server, "api/auth/license/get-claims", { cookie }), CONNECTIONS / replicas.length, own);
        }));
        // The first round warms up.
        if (round > 0) runs.get(name).push({ perSecond: sum(figures.map(({ perSecond }) => perSecond)), p50: median(figures.map(({ p50 }) => p50)), p99: max(figures.map(({ p99 }) => p99)) });
      }
    }
    const of = (name, figure) => median(runs.get(name).map((run) => run[figure]));
    const first = of("1, PostgreSQL", "perSecond");
    return table(["replicas and database", "requests per second", "of one on PostgreSQL", "p50, ms", "p99, ms", "memory of each, MB"], contestants.map(([name, replicas]) => [
      name, whole(of(name, "perSecond")), ratio(of(name, "perSecond") / first), ms(of(name, "p50")), ms(of(name, "p99")), max(replicas.map(({ pid }) => Number(memory(pid)))).toFixed(1),
    ]));
  } finally {
    for (const { stop } of servers) await stop();
    rmSync(folder, { recursive: true });
  }
}

const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await replicas(process.argv[2]));
