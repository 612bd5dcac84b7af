// Requests as fast as one process can send them, each connection waiting for its answer before it asks again.
// Plain sockets: Node's HTTP client would be the slowest part of it.
import { connect } from "node:net";
import { quantile, sleep } from "./lib.mjs";

const CONNECTIONS = 16;
const SECONDS = 2;

/** `request` is sent as it stands; without one, the address is asked for. */
export async function load(url, { connections: count = CONNECTIONS, request = get(url) } = {}) {
  const times = [];
  const connections = Array.from({ length: count }, () => connection(url, request, times));
  await sleep(200);
  times.length = 0; // until here it was getting warm
  const start = performance.now();
  await sleep(SECONDS * 1000);
  const [answers, seconds] = [times.slice(), (performance.now() - start) / 1000];
  const failures = connections.flatMap(({ end }) => end() ?? []);
  if (failures.length > 0) throw failures[0];
  return { perSecond: answers.length / seconds, p50: quantile(answers, 0.5), p99: quantile(answers, 0.99) };
}

const get = (url) => `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;

function connection(url, request, times) {
  const socket = connect({ host: url.hostname, port: url.port, noDelay: true });
  let failure, asked, received, size;
  const fail = (error) => { failure ??= error; };
  const ask = () => {
    [asked, received, size] = [performance.now(), 0, undefined];
    socket.write(request);
  };
  socket.on("connect", ask);
  socket.on("error", fail);
  socket.on("close", () => fail(new Error(`${url} hung up`)));
  socket.on("data", (data) => {
    if (size === undefined) {
      const head = data.toString("latin1");
      const [, length] = /^HTTP\/1\.1 200 [^]*?\r\ncontent-length: (\d+)\r\n/i.exec(head) ?? [];
      if (!length || !head.includes("\r\n\r\n")) return fail(new Error(`${url} answered ${head.slice(0, 80)}`));
      size = head.indexOf("\r\n\r\n") + 4 + Number(length);
    }
    received += data.length;
    if (received === size) {
      times.push(performance.now() - asked);
      ask();
    }
  });
  return {
    end() {
      const found = failure;
      socket.removeAllListeners("close").destroy();
      return found;
    },
  };
}
