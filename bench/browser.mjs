// The static checker in Chromium: from navigation to readiness, and from a paste to its verdict in the page, beside the
// browser's own verification of the same signatures.
import { createRequire } from "node:module";
import { NOW, bundle, claims, pem, token } from "../tests/vectors/build.mjs";
import { serveFolder, start } from "../tests/browser/support/hosts.mjs";
import config from "../tests/browser/playwright.config.mjs";
import { median, min, ms, p95, ratio, table } from "./lib.mjs";

const { chromium } = createRequire(new URL("../tests/browser/package.json", import.meta.url))("@playwright/test");

const LOADS = 20;
const PASTES = 200;
const BITS = [2048, 4096];
/** Of what takes less than a millisecond, so many make one measurement: the browser's clock shows tenths of one. */
const BATCH = { own: 50, inspect: 4 };

// Each verdict differs from the one before it by its date, so that the page has something to change.
const issue = (bits, day) => {
  const key = `rsa${bits}`;
  return bundle(token({ payload: claims({ exp: String(NOW + (1_000 + day) * 86_400) }), key }), pem(key));
};

/** `folder`: where tests/wasm/build.sh left the inspection without the page. */
export async function browser(folder) {
  const program = await chromium.launch(config.use.launchOptions);
  const hosts = await Promise.all([start("static"), start("server"), serveFolder(folder, "/")]);
  try {
    const [checker, server, alone] = hosts.map(({ url }) => url);
    const loads = [];
    for (let round = 0; round <= LOADS; round++) loads.push(await load(program, checker));
    loads.shift(); // the browser's first page
    const wasm = [
      { what: "the static checker", bytes: loads[0].wasm },
      { what: "the islands", bytes: (await load(program, server)).wasm },
    ];
    return { version: program.version(), wasm, text: `${loading(loads)}\n\n${await judging(program, checker, alone)}` };
  } finally {
    await program.close();
    await Promise.all(hosts.map(({ stop }) => stop()));
  }
}

/** One visit with an empty cache. */
async function load(program, address) {
  const context = await program.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    const found = (window.found = {});
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = (bytes, ...rest) => {
      found.wasm = bytes.byteLength;
      return instantiate(bytes, ...rest);
    };
    new MutationObserver(() => {
      if (document.documentElement?.dataset.wasm) found.ready ??= performance.now();
    }).observe(document, { attributes: true, childList: true, subtree: true });
  });
  await page.goto(address);
  await page.waitForSelector("html[data-wasm=ready]");
  // Painted once ready: what is awake can be seen.
  const found = await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return { ...window.found, painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime };
  });
  await context.close();
  return found;
}

function loading(loads) {
  const row = (what, figures) => [what, ms(min(figures)), ms(median(figures)), ms(p95(figures))];
  return table([`navigation, ${LOADS} times, empty cache, ms`, "best", "median", "p95"], [
    row("to the first paint", loads.flatMap(({ painted }) => painted ?? [])),
    row("to awake (`data-wasm=\"ready\"`)", loads.map(({ ready }) => ready)),
  ]);
}

async function judging(program, checker, alone) {
  const [page, bare] = [await program.newPage(), await program.newPage()];
  await bare.goto(`${alone}inspect.js`); // any document will do
  await bare.evaluate(async () => {
    window.wasm = await import("/inspect.js");
    await window.wasm.default();
  });
  await page.goto(checker);
  await page.waitForSelector("html[data-wasm=ready]");
  const times = new Map(BITS.map((bits) => [bits, { own: [], inspect: [], paste: [] }]));
  let day = 0;
  for (let round = 0; round < PASTES; round++) {
    for (const bits of BITS) {
      const text = issue(bits, day++);
      const { paste, signature } = await page.evaluate(judged, text);
      if (signature !== "✓") throw new Error(`the page judged a good bundle with ${signature}`);
      times.get(bits).paste.push(paste);
      times.get(bits).inspect.push(await bare.evaluate(inspected, { text, now: NOW, times: BATCH.inspect }));
      times.get(bits).own.push(await bare.evaluate(own, { ...JSON.parse(text), times: BATCH.own }));
    }
  }
  const rows = [...times].flatMap(([bits, { own, inspect, paste }]) => {
    const row = (what, figures) => [`${bits}: ${what}`, ms(min(figures)), ms(median(figures)), ms(p95(figures)), ratio(median(figures) / median(own))];
    return [
      row("`crypto.subtle`, import the key and verify", own),
      row("whole inspection in WebAssembly, no page", inspect),
      row("paste to verdict in the page", paste),
    ];
  });
  const firsts = [...times].map(([bits, { paste }]) => `${ms(paste[0])} ms (${bits} bits)`);
  const columns = [`key, bits, and what, ${PASTES} times, ms`, "best", "median", "p95", "of crypto.subtle's"];
  return `${table(columns, rows)}\n\nThe first paste of each: ${firsts.join(", ")}.`;
}

/** In the page: milliseconds from the input event until the verdict stands there, and what it says of the signature. */
async function judged(text) {
  const box = document.querySelector("#bundle");
  const region = document.querySelectorAll('[role="status"]')[1];
  const changed = new Promise((resolve) => {
    const observer = new MutationObserver(() => { observer.disconnect(); resolve(performance.now()); });
    observer.observe(region, { childList: true, subtree: true });
  });
  const late = new Promise((_, reject) => setTimeout(reject, 10_000, new Error("there is no verdict")));
  box.value = text;
  const start = performance.now();
  box.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", bubbles: true }));
  const paste = (await Promise.race([changed, late])) - start;
  await new Promise((resolve) => setTimeout(resolve, 10));
  return { paste, signature: document.querySelector('[data-check="signature"]')?.textContent.trim()[0] };
}

/** In the page: milliseconds that an inspection takes, its JSON included. */
function inspected({ text, now, times }) {
  const bytes = new TextEncoder().encode(text);
  const start = performance.now();
  for (let time = 0; time < times; time++) {
    if (!window.wasm.inspect(bytes, BigInt(now), "").startsWith('{"verdict":"valid"')) throw new Error("a good bundle is refused");
  }
  return (performance.now() - start) / times;
}

/** In the page: milliseconds that the browser's own cryptography takes for the same key and signature. */
async function own({ jwt, publicKey, times }) {
  const bytes = (base64) => Uint8Array.from(atob(base64.replace(/-----.*?-----|\s/g, "").replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const end = jwt.lastIndexOf(".");
  const [input, signature, spki] = [new TextEncoder().encode(jwt.slice(0, end)), bytes(jwt.slice(end + 1)), bytes(publicKey)];
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const start = performance.now();
  for (let time = 0; time < times; time++) {
    const key = await crypto.subtle.importKey("spki", spki, algorithm, false, ["verify"]);
    if (!(await crypto.subtle.verify(algorithm, key, signature, input))) throw new Error("the browser refuses a good signature");
  }
  return (performance.now() - start) / times;
}
