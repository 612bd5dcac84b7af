#!/usr/bin/env node
// get-claims the seed's way: Better Auth with a plugin, sessions in SQLite, jose on each request.
//   node better-auth.mjs DATABASE < BUNDLE      prints its address; listens on a port of the system's choice
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { betterAuth } from "better-auth";
import { createAuthEndpoint, sessionMiddleware } from "better-auth/api";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { installed, licensed, opened } from "./license.mjs";

const database = opened(process.argv[2]);
installed(database, JSON.parse(await text(process.stdin)));
const claims = licensed(database);

const license = {
  id: "license",
  endpoints: {
    getClaims: createAuthEndpoint("/license/get-claims", { method: "POST", use: [sessionMiddleware] },
      async (context) => context.json({ claims: await claims() })),
  },
};

const server = createServer();
server.listen(0, "127.0.0.1", async () => {
  const baseURL = `http://127.0.0.1:${server.address().port}`;
  const options = {
    database,
    baseURL,
    secret: "a secret for one benchmark, and for nothing else",
    emailAndPassword: { enabled: true },
    plugins: [license],
    // Whoever asks as often as a benchmark would be turned away.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
  };
  await (await getMigrations(options)).runMigrations();
  server.on("request", toNodeHandler(betterAuth(options)));
  console.log(`listens on ${baseURL}/`);
});
