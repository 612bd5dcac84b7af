// Where the checker is served from: a static host, and the server at two base paths. Each listens on a free port.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { listening } from "./listening.mjs";
import { checkerFolder } from "./programs.mjs";

/** Starts a host by its name. Returns the checker's address and a function that stops the host. */
export function start(host) {
  switch (host) {
    case "static": return serveFolder(checkerFolder(), "/");
    case "sub-path": return serveFolder(checkerFolder(), "/some/where/");
    case "server": return checkerOf(serve("/"));
    case "platform": return checkerOf(serve("/platform"));
    default: throw new Error(`there is no host called ${host}`);
  }
}

const types = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};
const encodings = [["br", brotliCompressSync], ["gzip", gzipSync]];

/** A plain web server that compresses. It adds no header that the page could lean on. */
export async function serveFolder(folder, prefix) {
  const packed = new Map();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://host");
    const name = pathname.startsWith(prefix) ? normalize(pathname.slice(prefix.length) || "index.html") : "..";
    let bytes;
    try {
      bytes = name.startsWith("..") ? undefined : readFileSync(join(folder, name));
    } catch { /* there is no such file */ }
    if (!bytes) return response.writeHead(404).end("not found");
    const accepted = request.headers["accept-encoding"] ?? "";
    const [encoding, pack] = encodings.find(([encoding]) => accepted.includes(encoding)) ?? [];
    const key = `${encoding} ${name}`;
    if (pack && !packed.has(key)) packed.set(key, pack(bytes));
    response.writeHead(200, {
      "content-type": types[extname(name)] ?? "application/octet-stream",
      "cache-control": "no-cache",
      ...(encoding && { "content-encoding": encoding, vary: "accept-encoding" }),
    });
    response.end(packed.get(key) ?? bytes);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const stop = () => new Promise((closed) => { server.close(closed); server.closeAllConnections(); });
  return { url: `http://127.0.0.1:${server.address().port}${prefix}`, stop };
}

async function checkerOf(server) {
  const { url, stop } = await server;
  return { url: `${url}license-checker`, stop };
}

/** The real server in an empty folder. Returns the address of its home, with its slash, the folder, and what stops it. */
export async function serve(basePath, environment = {}) {
  const env = { LISTEN_ADDR: "127.0.0.1:0", BASE_PATH: basePath, RUST_LOG: "warn", LICENSE_MODE: "offline", ...environment };
  const { address, folder, stop } = await listening(["serve"], { env });
  return { url: address, folder, stop };
}
