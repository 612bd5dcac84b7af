// Set-up can be left and taken up again: closed browsers, the back button, reloads, two installers.
import { ADMIN, awake, expect, issue, test } from "../support/platform.mjs";

const field = (page, name) => page.getByLabel(name, { exact: true });
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function signIn(page) {
  await field(page, "E-mail").fill(ADMIN.email);
  await field(page, "Password").fill(ADMIN.password);
  await press(page, "Sign in");
}

test("a browser that was closed between steps comes back, signs in, and goes on where it was", async ({ platform, another }) => {
  /** A new browser that knows nothing, at home. */
  const come = async () => {
    const page = await another();
    await page.goto(platform.home);
    return page;
  };
  let page = await come();
  await page.getByLabel("License bundle").fill(issue());
  await awake(page);
  await press(page, "Check and continue");
  await expect(page).toHaveURL(platform.at("setup/admin"));
  await page.context().close();

  // The license is held; nobody is an administrator yet, so nobody signs in.
  page = await come();
  await expect(page).toHaveURL(platform.at("setup/admin"));
  await expect(page.getByRole("main")).toContainText("Acme Corp");
  await field(page, "Name").fill(ADMIN.name);
  await field(page, "E-mail").fill(ADMIN.email);
  await field(page, "Password").fill(ADMIN.password);
  await press(page, "Save and continue");
  await expect(page).toHaveURL(platform.at("setup/organization"));
  await page.context().close();

  for (const [step, take] of [
    ["organization", async () => press(page, "Save and continue")],
    ["email", async () => {
      await page.getByRole("radio", { name: "Not now" }).check();
      await press(page, "Save and continue");
    }],
    ["complete", async () => press(page, "Finish and open the platform")],
  ]) {
    page = await come();
    await expect(page, "a stranger gets no further").toHaveURL(platform.at("sign-in"));
    await signIn(page);
    await expect(page).toHaveURL(platform.at(`setup/${step}`));
    await take();
    await expect(page).not.toHaveURL(platform.at(`setup/${step}`));
    await page.context().close();
  }
  page = await come();
  await expect(page).toHaveURL(platform.at("sign-in"));
  await signIn(page);
  await expect(page).toHaveURL(platform.home);
});

test("back and reload break nothing and send nothing again", async ({ page, platform }) => {
  const sent = [];
  page.on("request", (request) => { if (request.method() === "POST") sent.push(new URL(request.url()).pathname); });
  await page.goto(platform.home);
  await page.getByLabel("License bundle").fill(issue());
  await awake(page);
  await press(page, "Check and continue");
  await expect(page).toHaveURL(platform.at("setup/admin"));
  await page.reload();
  await field(page, "Name").fill(ADMIN.name);
  await field(page, "E-mail").fill(ADMIN.email);
  await field(page, "Password").fill(ADMIN.password);
  await press(page, "Save and continue");
  await expect(page).toHaveURL(platform.at("setup/organization"));
  await page.reload();
  await page.goBack();
  await expect(page).toHaveURL(platform.at("setup/admin"));
  // A page that the browser kept still has the form; sent again, the wizard says that it is done.
  const again = page.getByRole("button", { name: "Save and continue" });
  if (await again.count()) {
    await awake(page);
    await expect(again).toBeEnabled();
    await field(page, "Name").fill("Somebody Else");
    await field(page, "E-mail").fill("else@example.com");
    await field(page, "Password").fill("another long password");
    await press(page, "Save and continue");
    await expect(page.locator("#problems")).toBeVisible();
  }
  await page.goto(platform.home);
  await expect(page).toHaveURL(platform.at("setup/organization"));
  await field(page, "Name").fill("Acme Europe");
  await press(page, "Save and continue");
  await expect(page).toHaveURL(platform.at("setup/email"));
  await page.getByRole("link", { name: "Back" }).click();
  await expect(page).toHaveURL(platform.at("setup/organization"));
  await expect(field(page, "Name")).toHaveValue("Acme Europe");
  await press(page, "Save and continue");
  await page.getByRole("radio", { name: "Not now" }).check();
  await press(page, "Save and continue");
  await expect(page).toHaveURL(platform.at("setup/complete"));
  await page.getByRole("link", { name: "Change organization" }).click();
  await expect(field(page, "Name")).toHaveValue("Acme Europe");
  await page.goto(platform.at("setup"));
  await press(page, "Finish and open the platform");
  await expect(page).toHaveURL(platform.home);
  await page.goBack();
  await expect(page).not.toHaveURL(/chrome-error/);
  await page.goto(platform.home);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Acme Europe");
  const steps = sent.filter((path) => path.endsWith("setup/complete") || path.endsWith("setup/license"));
  expect(steps, "each was sent once").toEqual(["/api/setup/license", "/api/setup/complete"]);
});

test("of two installers the second is told who was first, and gets nowhere", async ({ page, platform, another }) => {
  const theirs = await another();
  for (const one of [page, theirs]) await one.goto(platform.home);
  await page.getByLabel("License bundle").fill(issue());
  await awake(page);
  await press(page, "Check and continue");
  await theirs.goto(platform.home);
  await expect(theirs).toHaveURL(platform.at("setup/admin"));
  for (const [one, name] of [[page, "first"], [theirs, "second"]]) {
    await field(one, "Name").fill(name);
    await field(one, "E-mail").fill(`${name}@example.com`);
    await field(one, "Password").fill("three blue mountains at noon");
    await press(one, "Save and continue");
    await one.waitForLoadState();
  }
  await expect(page).toHaveURL(platform.at("setup/organization"));
  await expect(theirs).toHaveURL(platform.at("sign-in"));
  await expect(theirs.locator("#problems")).toContainText("administrator is made already");
  await theirs.goto(platform.at("setup/organization"));
  await expect(theirs).toHaveURL(platform.at("sign-in"));
});

test.describe("where the server cannot tell who asks", () => {
  test.use({ extraHTTPHeaders: { "x-forwarded-for": "192.0.2.7" } });

  test("the first step asks for the token that the server printed", async ({ page, platform }) => {
    await page.goto(platform.home);
    await awake(page);
    const token = field(page, "Set-up token");
    await page.getByLabel("License bundle").fill(issue());
    await awake(page);
    await press(page, "Check and continue");
    await expect(token).toBeFocused();
    await token.fill("not the token");
    await awake(page);
    await press(page, "Check and continue");
    await expect(page.locator("#setupToken-error")).toContainText("This is not the set-up token");
    await expect(token).toHaveValue("");
    await expect(page.getByLabel("License bundle")).toHaveValue(/"jwt"/);
    await page.goto(platform.at("setup/admin"));
    await expect(page).toHaveURL(platform.at("setup/license"));
  });
});
