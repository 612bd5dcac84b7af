// What the server's requests are measured beside: Node's own server, which sends so many bytes and does nothing else.
//   node plain.mjs BYTES
import { createServer } from "node:http";

const body = Buffer.alloc(Number(process.argv[2]), "x");
const server = createServer((_, response) => response.writeHead(200, { "content-type": "text/plain", "content-length": body.length }).end(body));
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
