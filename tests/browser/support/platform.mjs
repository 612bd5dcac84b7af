// A server of one test's own, on an empty folder: set up by hand in the browser, or by the API for tests that begin later.
import { issue as sign } from "./bundles.mjs";
import { serve } from "./hosts.mjs";
import { expect, listen, test as base } from "./test.mjs";

export { expect };
export const DAY = 86_400;
export const now = () => Math.floor(Date.now() / 1000);

export const ADMIN = { name: "First Admin", email: "admin@example.com", password: "three blue mountains at noon" };

/** A bundle for the server's own clock: a year of the tier professional, with these claims changed. */
export const issue = (changes = {}, key) => sign({
  iat: String(now() - DAY), exp: String(now() + 365 * DAY + 3600), jti: '"lic_first"', "scrydon.tier": '"professional"',
  "scrydon.entitlements.cpuCores": "64", "scrydon.entitlements.ramGb": "256", "scrydon.entitlements.vramGb": "48",
  "scrydon.features": '{"analytics":true,"agentic":false,"maxUsers":50}', ...changes,
}, key);

/** One that is better in everything. */
export const renewal = (changes = {}, key) => issue({
  iat: String(now() - 60), exp: String(now() + 730 * DAY + 3600), jti: '"lic_second"', "scrydon.tier": '"enterprise"',
  "scrydon.features": '{"analytics":true,"agentic":true,"maxUsers":250}', ...changes,
}, key);

/** A browser without a window: it keeps cookies, and speaks JSON. */
export class Program {
  jar = new Map();

  constructor(home) {
    this.home = home;
  }

  async post(path, body = {}, headers = {}) {
    const response = await fetch(new URL(path, this.home), {
      method: "POST",
      headers: { "content-type": "application/json", cookie: [...this.jar.values()].join("; "), ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    for (const line of response.headers.getSetCookie()) {
      const [cookie] = line.split(";");
      this.jar.set(cookie.slice(0, cookie.indexOf("=")), cookie);
    }
    return { status: response.status, headers: response.headers, json: await response.json() };
  }

  /** The same, which must come to something. */
  async done(path, body, headers) {
    const { status, json } = await this.post(path, body, headers);
    expect(status, `${path}: ${JSON.stringify(json)}`).toBe(200);
    return json;
  }

  /** Replaces the license, knowing what it does. */
  async rotate(bundle) {
    const { headers, json } = await this.post("api/auth/license/preview", bundle);
    return this.done("api/auth/license/rotate", { ...JSON.parse(bundle), acknowledge: json.acknowledgements }, { "if-match": headers.get("etag") });
  }

  /** Whoever is signed in here is signed in there. */
  lend(context) {
    const url = new URL(this.home).origin;
    return context.addCookies([...this.jar.values()].map((cookie) => {
      const at = cookie.indexOf("=");
      return { name: cookie.slice(0, at), value: cookie.slice(at + 1), url };
    }));
  }
}

export class Platform {
  constructor(home, folder) {
    this.home = home;
    this.folder = folder;
  }

  /** The address of one of its pages or endpoints. */
  at(path) {
    return new URL(path, this.home).href;
  }

  program() {
    return new Program(this.home);
  }

  /** Goes through the wizard, as far as the step `until`, which is not done. Returns its administrator. */
  async setUp({ license = issue(), organization = "Acme Corp", admin = ADMIN, until } = {}) {
    const program = this.program();
    const steps = { license, admin, organization: { name: organization }, email: { provider: "later" }, complete: {} };
    for (const [step, body] of Object.entries(steps)) {
      if (step === until) break;
      await program.done(`api/setup/${step}`, body);
    }
    return program;
  }

  /** Invites somebody of that role, who accepts. */
  async join(admin, role, { name = "Second User", email = `${role}@example.com`, password = "seven green rivers in may" } = {}) {
    const { link } = await admin.done("api/invitations", { email, role });
    const program = this.program();
    await program.done("api/invitations/accept", { code: new URL(link).hash.slice(1), name, password });
    return program;
  }
}

export const test = base.extend({
  /** Where it is mounted, and what else it is told. */
  basePath: ["/", { option: true }],
  environment: [{}, { option: true }],

  platform: async ({ basePath, environment }, use) => {
    const { url, folder, stop } = await serve(basePath, environment);
    await use(new Platform(url, folder));
    await stop();
  },

  /** Nothing on any page may make the browser complain. */
  page: async ({ page, complaints: _ }, use) => use(page),

  /** A further browser that shares nothing with the first, and may not complain either. */
  another: async ({ browser, complaints }, use) => {
    const contexts = [];
    await use(async (options) => {
      const context = await browser.newContext(options);
      listen(context, complaints);
      contexts.push(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },
});

/** Waits until the page is awake. */
export const awake = (page) => expect(page.locator("html[data-wasm=ready]")).toBeAttached();

/** Asserts that errors stand above the form and beside these fields, by name, and that each link leads to its field. */
export async function expectErrors(page, ...fields) {
  const summary = page.locator("#problems");
  await expect(summary).toBeFocused();
  for (const name of fields) {
    const field = page.locator(`[name="${name}"]`).first();
    if (await field.getAttribute("type") !== "radio") await expect(field, name).toHaveAttribute("aria-invalid", "true");
    await expect(field, name).toHaveAccessibleDescription(/\S/);
    await expect(page.locator(`[id="${name}-error"]`), name).not.toBeEmpty();
    await summary.locator(`a[href="#${name}"]`).click();
    await expect(page.locator(`[id="${name}"]`), name).toBeFocused();
  }
  await expect(page).toHaveTitle(/^Error: /);
}

/** Asserts that nothing sticks out, that everything to click is large enough, and that there is one first heading. */
export async function expectTidy(page, what) {
  await page.waitForLoadState(); // where no script runs, nothing else waits for the style sheet
  const { wide, view, small, headings } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    view: document.documentElement.clientWidth,
    headings: document.querySelectorAll("h1").length,
    small: [...document.querySelectorAll("a, button, summary, textarea, select, input:not([type=hidden])")]
      .filter((element) => element.checkVisibility() && !element.matches(".skip, .visually-hidden, p a, small a, li a"))
      .map((element) => [element.textContent.trim() || element.name, (element.closest("label.check") ?? element).getBoundingClientRect()])
      .filter(([, { width, height }]) => width < 24 || height < 24)
      .map(([text, { width, height }]) => `${text}: ${width} x ${height}`),
  }));
  expect.soft(wide, `${what} scrolls sideways`).toBeLessThanOrEqual(view);
  expect.soft(small, what).toEqual([]);
  expect(headings, what).toBe(1);
}
