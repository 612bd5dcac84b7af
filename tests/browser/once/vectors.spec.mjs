// One verdict everywhere: each vector is judged by the command line, by the same code as wasm, and by the page itself.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import { serveFolder } from "../support/hosts.mjs";
import { countersign, target } from "../support/programs.mjs";
import { isBlank, vectors } from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

const all = vectors();

// Both tests in one worker: they share what the command line says.
test.describe.configure({ mode: "default" });

const judged = new Map();

/** `countersign check --json`, as an object. */
function commandLine(vector) {
  if (!judged.has(vector)) judged.set(vector, check(vector));
  return judged.get(vector);
}

async function check({ bytes, now, trusted }) {
  const options = ["check", "-", "--json", "--now", `${now}`, ...trusted.flatMap((key) => ["--trusted-key", key])];
  const running = promisify(execFile)(countersign(), options, { maxBuffer: 2 ** 26, env: {} });
  running.child.stdin.on("error", () => {}).end(bytes);
  const { stdout } = await running.catch((error) => error.stdout ? error : Promise.reject(error)); // not valid: exit status 1 or 2
  return JSON.parse(stdout);
}

/** Some calls at a time. */
async function each(items, atOnce, call) {
  const waiting = items.values();
  await Promise.all(Array.from({ length: atOnce }, async () => { for (const item of waiting) await call(item); }));
}

test("every vector is judged alike by wasm in the browser and by the command line", async ({ page, complaints: _ }, info) => {
  test.setTimeout(240_000);
  const { url, stop } = await serveFolder(join(target, "wasm-tests"), "/");
  await page.route(url, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>wasm</title>" }));
  await page.goto(url);
  await page.evaluate(async () => {
    const { default: start, inspect } = await import("/inspect.js");
    await start();
    const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    window.judge = (base64, now, trusted) => {
      const text = bytes(base64);
      const begin = performance.now();
      const json = inspect(text, BigInt(now), trusted);
      return { json, took: performance.now() - begin };
    };
  });

  const differing = [];
  let worst = { took: 0 };
  await each(all, 4, async (vector) => {
    const [expected, { json, took }] = await Promise.all([
      commandLine(vector),
      page.evaluate(([bytes, now, trusted]) => window.judge(bytes, now, trusted), [vector.bytes.toString("base64"), vector.now, vector.trusted.join()]),
    ]);
    if (!isDeepStrictEqual(JSON.parse(json), expected)) differing.push(vector.name);
    if (expected.verdict !== vector.expect.verdict) differing.push(`${vector.name}: not the verdict of the table`);
    if (took > worst.took) worst = { took, name: vector.name };
  });
  await stop();
  info.annotations.push({ type: "figure", description: `vectors by wasm: ${all.length} judged, ${differing.length} differ from the command line; slowest ${worst.took.toFixed(0)} ms (${worst.name})` });
  expect(differing).toEqual([]);
  expect(worst.took, worst.name).toBeLessThanOrEqual(500);
});

test("every vector is judged alike by the page and by the command line", async ({ checker }, info) => {
  test.setTimeout(240_000);
  // The page has no list of trusted keys, and says nothing of an empty box.
  const shown = all.filter(({ trusted, bytes }) => trusted.length === 0 && !isBlank(bytes));
  const words = { pass: "ok", warn: "look", fail: "failed", skip: "not checked" };

  await checker.open();
  const differing = [];
  let worst = { took: 0 };
  const inspected = [];
  for (const now of new Set(shown.map(({ now }) => now))) {
    const together = shown.filter((vector) => vector.now === now);
    await checker.setTime(now);
    const found = await checker.dropAll(together.map(({ bytes }) => bytes));
    inspected.push(...together.map((vector, index) => [vector, found[index]]));
  }
  await each(inspected, 4, async ([vector, { took, ...said }]) => {
    const { checks, key } = await commandLine(vector);
    const wanted = {
      rows: checks.map(({ id, outcome, detail }) => ({ id, word: `: ${words[outcome]}.`, detail: detail.replaceAll("`", "") })),
      fingerprint: key?.sha256,
      repairable: vector.expect.repaired,
    };
    if (!isDeepStrictEqual(said, wanted)) differing.push(`${vector.name}: ${JSON.stringify(said)} instead of ${JSON.stringify(wanted)}`.slice(0, 1500));
    if (took > worst.took) worst = { took, name: vector.name };
  });
  info.annotations.push({ type: "figure", description: `vectors in the page: ${shown.length} dropped, ${differing.length} differ from the command line; slowest ${worst.took.toFixed(0)} ms (${worst.name})` });
  expect(differing).toEqual([]);
});
