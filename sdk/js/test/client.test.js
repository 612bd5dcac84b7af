// The client against a running server.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClient } from "../index.js";
import { ADMIN, issue, serve, setUp } from "./platform.js";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const done = ({ data, error }) => {
  assert.equal(error, null, JSON.stringify(error));
  return data;
};
const refused = ({ data, error }, status, code) => {
  assert.equal(data, null);
  assert.deepEqual([error.status, error.code], [status, code], JSON.stringify(error));
  assert.ok(error.message.length > 0);
  return error;
};

for (const base of ["/", "/platform"]) {
  let platform;
  const first = issue({ jti: "lic_first", tier: "professional", issued: String(Math.floor(Date.now() / 1000) - 60) });
  const answers = {};

  before(async () => {
    platform = await serve(base);
    await setUp(platform.url, first);
  });
  after(() => platform.stop());

  const client = () => createClient({ baseURL: platform.url });
  const admin = async () => {
    const signedIn = client();
    done(await signedIn.signIn.email(ADMIN));
    return signedIn;
  };

  test(`a session begins, is kept and ends (${base})`, async () => {
    const person = client();
    assert.equal(done(await person.getSession()), null);
    refused(await person.license.getClaims(), 401, "signed-out");
    refused(await person.signIn.email({ ...ADMIN, password: "wrong" }), 401, "invalid-credentials");
    const { user } = answers.SignedIn = done(await person.signIn.email(ADMIN));
    assert.deepEqual([user.name, user.email, user.role], [ADMIN.name, ADMIN.email, "platform-admin"]);
    assert.deepEqual(done(await person.getSession()), { user });
    // Nobody else's client has it.
    assert.equal(done(await client().getSession()), null);
    done(await person.signOut());
    assert.equal(done(await person.getSession()), null);
    // Who keeps no session stays a stranger, and may bring one along.
    let cookie;
    const spy = async (...all) => {
      const answer = await fetch(...all);
      cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
      return answer;
    };
    const forgetful = createClient({ baseURL: platform.url, keepSession: false, fetch: spy });
    done(await forgetful.signIn.email(ADMIN));
    refused(await forgetful.license.getStatus(), 401, "signed-out");
    const lent = createClient({ baseURL: platform.url, headers: { cookie } });
    assert.equal(done(await lent.license.getStatus()).state, "active");
  });

  test(`claims and status are those of the license in use (${base})`, async () => {
    const person = await admin();
    const licensed = answers.Licensed = done(await person.license.getClaims());
    assert.deepEqual([licensed.state, licensed.revision, licensed.claims.jti, licensed.claims.scrydon.tier], ["active", 1, "lic_first", "professional"]);
    assert.match(licensed.key.sha256, /^[0-9a-f]{64}$/);
    const status = answers.LicenseStatus = done(await person.license.getStatus());
    assert.deepEqual([status.state, status.revision, status.canAct], ["active", 1, true]);
  });

  test(`a rotation is looked at, acknowledged and applied, and each refusal says why (${base})`, async () => {
    const person = await admin();
    const worse = issue({ jti: "lic_worse", tier: "starter", days: 60 }, "rsa2048-other");
    const seen = answers.Preview = done(await person.license.preview(worse));
    assert.equal(seen.applicable, true);
    assert.deepEqual(seen.acknowledgements, ["key-changed", "downgrade", "expires-sooner"]);

    const on = { revision: seen.revision };
    refused(await person.license.rotate(worse), 428, "precondition-required");
    const missing = answers.AcknowledgementRequired = refused(await person.license.rotate(worse, on), 428, "acknowledgement-required");
    assert.deepEqual(missing.required, seen.acknowledgements);
    refused(await person.license.rotate(first, on), 409, "license-same");
    const expired = issue({ expires: "1600000000", issued: "1500000000", days: undefined });
    const invalid = answers.NotValid = refused(await person.license.rotate(expired, on), 422, "license-expired");
    assert.equal(invalid.inspection.verdict, "expired");
    assert.equal(done(await person.license.preview(expired)).applicable, false);
    assert.equal(done(await person.license.getClaims()).claims.jti, "lic_first", "nothing was changed");

    const rotated = answers.Rotated = done(await person.license.rotate({ ...worse, acknowledge: missing.required }, on));
    assert.deepEqual([rotated.revision, rotated.claims.jti], [2, "lic_worse"]);
    assert.equal(done(await person.license.getClaims()).claims.jti, "lic_worse");
    const better = issue({ jti: "lic_better", tier: "enterprise", days: 300 });
    const stale = answers.Stale = refused(await person.license.rotate(better, on), 412, "stale");
    assert.deepEqual([stale.revision, stale.installed.licenseId, stale.installed.by], [2, "lic_worse", ADMIN.email]);
    // No error repeats what was sent.
    assert.ok(!JSON.stringify([missing, invalid, stale]).includes(better.jwt.split(".")[2]));
  });

  test(`the types have every member of every answer, and no other (${base})`, () => {
    const names = Object.keys(answers);
    assert.equal(names.length, 8);
    const literals = Object.entries(answers).map(([name, answer]) => `export const a${name}: ${name} = ${JSON.stringify(answer, null, 1)};`);
    // Inside of the folder: the compiler looks for the types from there.
    const file = here(`answers${base.replace("/", "-")}.ts`);
    writeFileSync(file, `import type { ${names.join(", ")} } from "../index.js";\n${literals.join("\n")}\n`);
    try {
      const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--exactOptionalPropertyTypes"];
      const tsc = spawnSync(process.execPath, [here("../node_modules/typescript/bin/tsc"), ...options, file], { encoding: "utf8" });
      assert.equal(tsc.status, 0, tsc.stdout);
    } finally {
      rmSync(file);
    }
  });
}

/** What the client makes of an answer that somebody else gives. */
async function answered(respond) {
  const server = createServer(respond).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    return await createClient({ baseURL: `http://127.0.0.1:${server.address().port}/platform/` }).license.getClaims();
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
}

test("what is not the platform's answer is an error, not an exception", async () => {
  const page = await answered((_, response) => response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>"));
  refused(page, 502, "not-json");
  const cut = await answered((_, response) => response.writeHead(200).end('{"claims":'));
  refused(cut, 200, "not-json");
  refused(await answered((_, response) => response.destroy()), 0, "unreachable");
  const gone = await createClient({ baseURL: "http://127.0.0.1:9" }).getSession();
  assert.ok(refused(gone, 0, "unreachable").cause instanceof Error);
  const busy = await answered((_, response) => response.writeHead(429, { "retry-after": "7" }).end('{"code":"too-many-tries","title":"Wait"}'));
  assert.equal(refused(busy, 429, "too-many-tries").retryAfter, 7);
});

test("no session goes elsewhere by a redirect", async () => {
  const seen = [];
  const answer = await answered((request, response) => {
    seen.push(request.url);
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  refused(answer, 0, "unreachable");
  assert.deepEqual(seen, ["/platform/api/auth/license/get-claims"]);
});

test("an address that is none throws at once", () => {
  for (const baseURL of [undefined, "", "platform.example.com", "file:///etc"]) {
    assert.throws(() => createClient({ baseURL }), TypeError);
  }
});
