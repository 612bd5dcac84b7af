#!/usr/bin/env node
// The least that a Node server can do for get-claims: two reads and the verification. No session, no routes, no checks.
//   node bare.mjs DATABASE < BUNDLE      prints its address; listens on a port of the system's choice
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { installed, licensed, opened } from "./license.mjs";

const database = opened(process.argv[2]);
installed(database, JSON.parse(await text(process.stdin)));
const claims = licensed(database);

const server = createServer(async (request, response) => {
  request.resume();
  const body = JSON.stringify({ claims: await claims() });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
});
server.listen(0, "127.0.0.1", () => console.log(`listens on http://127.0.0.1:${server.address().port}/`));
