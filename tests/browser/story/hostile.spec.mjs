// Names made to do harm: they stand as text wherever they are shown, run nothing, and fetch nothing.
import { ADMIN, awake, expect, expectTidy, issue, renewal, test } from "../support/platform.mjs";

const MARKUP = `</title><img src=//evil.example/x onerror=hurt=1><script>hurt=1</script>"'&amp;`; // at most 100 letters with what stands around it
const RTL = "\u202eproC emcA\u202c\u200b";
const AGENT = `"><svg onload=window.hurt=1>${"A".repeat(150)}`;

test.use({ userAgent: AGENT });

test("names with markup and with reordered letters are text on every page", async ({ page, platform, context }) => {
  const foreign = [];
  context.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && origin !== new URL(platform.home).origin) foreign.push(request.url());
  });
  const json = JSON.stringify;
  const hostile = { "scrydon.org": json(`${MARKUP} ${RTL}`), sub: json(`cust_${MARKUP}`), "scrydon.features": json({ [MARKUP]: true, [RTL]: MARKUP }) };
  const admin = await platform.setUp({ license: issue({ ...hostile, jti: json(MARKUP) }), organization: MARKUP, admin: { ...ADMIN, name: MARKUP } });
  await platform.join(admin, "member", { name: `Second ${MARKUP}`, email: "second&'+{b}@example.com" });
  await admin.rotate(renewal({ ...hostile, jti: json(`${MARKUP}2`) }));

  // Names that people type may not reorder anything at all.
  expect((await admin.post("api/settings/organization", { name: `Acme ${RTL}` })).json.errors).toMatchObject([{ field: "name", code: "characters" }]);

  await page.goto(platform.at("sign-in"));
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(platform.home);

  const begin = MARKUP.slice(0, 50); // long ones are cut in tables and sentences
  const shown = {
    "": ["h1 bdi", MARKUP],
    "settings/license": [".facts bdi", MARKUP],
    "settings/users": ["[role=table] bdi", begin],
    "settings/organization": null,
    "settings/sessions": ["[role=table] bdi", "<svg onload=window.hurt=1>"],
    "settings/audit": [".detail", begin],
    "settings/license/update": null,
  };
  for (const [path, expected] of Object.entries(shown)) {
    await page.goto(platform.at(path));
    await awake(page);
    const texts = expected && await page.locator(expected[0]).allTextContents();
    if (expected) expect(texts.some((text) => text.includes(expected[1])), `${path}: ${texts}`).toBe(true);
    const { hurt, scripts, pictures } = await page.evaluate(() => ({
      hurt: window.hurt, scripts: document.scripts.length, pictures: document.querySelectorAll("img, iframe, object, svg[onload]").length,
    }));
    expect({ hurt, scripts, pictures }, path).toEqual({ hurt: undefined, scripts: 1, pictures: 0 });
    // Letters that reorder others stand as their names, or are kept in their place.
    const loose = await page.evaluate(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = [];
      while (walker.nextNode()) {
        const { data, parentElement } = walker.currentNode;
        if (/[\u202a-\u202e\u2066-\u2069]/.test(data) && !parentElement.closest("bdi, pre, textarea, [dir=auto]")) found.push(`${parentElement.localName}: ${data}`);
      }
      return found;
    });
    expect(loose, path).toEqual([]);
    await expectTidy(page, path);
  }
  await expect(page.getByRole("banner")).toContainText(MARKUP);
  await page.goto(platform.at("settings/organization"));
  await expect(page.getByLabel("Name")).toHaveValue(MARKUP);
  expect(foreign).toEqual([]);
});

test("what a stranger writes into an address comes to nothing", async ({ page, platform, complaints }) => {
  const admin = await platform.setUp();
  for (const next of ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:window.hurt=1", "%0d%0aLocation:%20//evil.example"]) {
    await page.goto(platform.at(`sign-in?next=${encodeURIComponent(next)}`));
    await page.getByLabel("E-mail").fill(ADMIN.email);
    await page.getByLabel("Password").fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page, next).toHaveURL(platform.home);
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL(platform.at("sign-in"));
  }
  await admin.lend(page.context());
  for (const path of [`settings/audit?actor=${encodeURIComponent(MARKUP)}&action=${encodeURIComponent(MARKUP)}`, `nowhere/${encodeURIComponent(MARKUP)}`, `invitation#${MARKUP}`]) {
    await page.goto(platform.at(path));
    await awake(page);
    expect(await page.evaluate(() => [window.hurt, document.scripts.length, document.images.length]), path).toEqual([undefined, 1, 0]);
  }
  expect(complaints.splice(0).filter((complaint) => !complaint.includes("status of 404"))).toEqual([]);
});
