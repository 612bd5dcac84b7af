// The mail server of tests/mail, for one test: a real one, that keeps what it takes over.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { keyFile } from "../../vectors/build.mjs";
import { root } from "./programs.mjs";

/** Starts it. Returns its ports by kind (see tests/mail/server.mjs), what it took over, and what stops it. */
export async function startMail() {
  const server = spawn("node", [join(root, "tests/mail/server.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: server.stdout });
  const taken = [];
  const ports = await new Promise((resolve, reject) => {
    server.once("exit", () => reject(new Error("the mail server ended")));
    lines.once("line", (first) => {
      lines.on("line", (line) => taken.push(JSON.parse(line)));
      resolve(JSON.parse(first));
    });
    // Nobody vouches for this certificate, which is what one test is about.
    server.stdin.write(`${JSON.stringify({ cert: keyFile("certificate"), key: keyFile("rsa2048") })}\n`);
  });
  return { ports, taken, stop: () => server.stdin.end() };
}

/** The text of a mail, decoded. */
export function text({ raw }) {
  const [head, body] = raw.split(/\r\n\r\n(.*)/s);
  if (/^content-transfer-encoding: base64/im.test(head)) return Buffer.from(body, "base64").toString();
  if (!/^content-transfer-encoding: quoted-printable/im.test(head)) return body;
  const bytes = body.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
