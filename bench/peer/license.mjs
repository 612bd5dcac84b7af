// The license as the seed's plugin has it: both rows read and the signature verified on each request.
import { importSPKI, jwtVerify } from "jose";
import Database from "better-sqlite3";

/** The database, set up as a server would: statements are prepared once, readers do not wait for a writer. */
export function opened(path) {
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  return database;
}

/** A function that says what is licensed now. */
export function licensed(database) {
  const row = database.prepare("SELECT value FROM platform_config WHERE key = ?").pluck();
  return async () => {
    const jwt = row.get("license_jwt");
    const publicKey = row.get("license_public_key");
    const key = await importSPKI(publicKey, "RS256");
    const { payload } = await jwtVerify(jwt, key, { algorithms: ["RS256"], issuer: "scrydon-license", audience: "scrydon-platform" });
    return payload;
  };
}

/** Writes the rows of a bundle into a database that has none yet. */
export function installed(database, { jwt, publicKey }) {
  database.exec("CREATE TABLE platform_config (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
  const insert = database.prepare("INSERT INTO platform_config (key, value) VALUES (?, ?)");
  insert.run("license_jwt", jwt);
  insert.run("license_public_key", publicKey);
}
