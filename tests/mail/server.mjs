// A mail server for tests, on free ports of 127.0.0.1. The first line on stdin is { cert, key } as PEM; it ends with
// stdin. Each line on stdout is JSON: first its ports, then every mail that it took over.
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const { SMTPServer } = createRequire(join(root, "tests/browser/package.json"))("smtp-server");

const refusal = (responseCode, message) => Object.assign(new Error(message), { responseCode });
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const kinds = {
  plain: { disabledCommands: ["STARTTLS"], allowInsecureAuth: true, authOptional: true },
  starttls: {}, // AUTH comes after STARTTLS alone
  tls: { secure: true },
  login: { secure: true, authMethods: ["LOGIN"] },
  noauth: { secure: true, disabledCommands: ["AUTH"], authOptional: true },
  ascii: { secure: true, hideSMTPUTF8: true, authOptional: true },
};

function server(kind, options, tls) {
  const smtp = new SMTPServer({
    ...tls,
    ...options,
    disableReverseLookup: true,
    onAuth({ username, password }, _session, done) {
      if (username === "countersign" && password === "correct horse") done(null, { user: username });
      else done(refusal(535, "5.7.8 Authentication credentials invalid"));
    },
    onRcptTo({ address }, _session, done) {
      if (address.startsWith("nobody@")) done(refusal(550, "5.1.1 No such mailbox here"));
      else if (address.startsWith("grey@")) done(refusal(451, "4.7.1 Greylisted, come back later"));
      else done();
    },
    onData(stream, { user, secure, envelope }, done) {
      const chunks = [];
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("end", () => {
        const to = envelope.rcptTo.map(({ address }) => address);
        const raw = Buffer.concat(chunks).toString();
        say({ kind, secure, user: user ?? null, from: envelope.mailFrom.address, to, raw });
        done(null, "Queued as 4711");
      });
    },
  });
  smtp.on("error", () => {}); // a client that breaks the handshake off is what some tests are about
  return new Promise((ready) => smtp.listen(0, "127.0.0.1", () => ready([kind, smtp.server.address().port])));
}

const lines = createInterface({ input: process.stdin });
lines.once("line", async (line) => {
  const tls = JSON.parse(line);
  const ports = Object.entries(kinds).map(([kind, options]) => server(kind, options, tls));
  say(Object.fromEntries(await Promise.all(ports)));
});
lines.once("close", () => process.exit(0));
