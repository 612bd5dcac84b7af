// Forms that meet a database which somebody else holds: the page says so, and what was typed is sent once more with one click.
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { hold } from "../support/database.mjs";
import { ADMIN, awake, expect, expectTidy, issue, renewal, test } from "../support/platform.mjs";

test.use({ environment: { RUST_LOG: "off" } });

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const heading = (page) => page.getByRole("heading", { level: 1 });
const bundle = (page) => page.getByRole("textbox", { name: "License bundle" });

/** Asserts that the page says what happened and what to do, and is in order for everybody. */
async function expectBusy(page, name) {
  await expect(heading(page)).toHaveText("The database is busy", { timeout: 15_000 });
  await expect(page.getByRole("main")).toContainText("nothing was changed");
  await expect(page.getByRole("main")).toContainText("Wait a moment and try again.");
  await expect(page.getByRole("main")).toContainText("What you typed is kept in this page");
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    await expectTidy(page, name);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().options({ rules: { "target-size": { enabled: true } } }).analyze();
      expect.soft(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`), name).toEqual([]);
      if (process.env.PICTURES) await page.screenshot({ path: join(process.env.PICTURES, `${name}-${width}-${colorScheme}.png`) });
    }
  }
}

/** What the console says of pages that are a 503. */
const expectRefusals = (complaints) => expect(complaints.splice(0).filter((complaint) => !/status of 503/.test(complaint))).toEqual([]);

test("a form of the settings that meets a database in use loses nothing", async ({ page, platform, complaints }) => {
  test.setTimeout(60_000);
  const admin = await platform.setUp();
  await admin.lend(page.context());

  await page.goto(platform.at("settings/users"));
  await page.getByLabel("E-mail", { exact: true }).fill("third@example.com");
  await page.getByLabel("Role", { exact: true }).selectOption("org-admin");
  let release = await hold(platform);
  await press(page, "Invite");
  await expectBusy(page, "busy-invite");
  // As long as it lasts, trying again says the same, and still has everything.
  await press(page, "Try again");
  await expect(page.getByRole("main")).toContainText("What you typed is kept in this page", { timeout: 15_000 });
  await release();
  await press(page, "Try again");
  await expect(page).toHaveURL(platform.at("settings/users"));
  await expect(page.getByLabel("Link to pass on")).toBeVisible();
  await expect(page.getByRole("main")).toContainText("third@example.com");

  // The review of a license, and its application.
  await page.goto(platform.at("settings/license/update"));
  await bundle(page).fill(renewal());
  release = await hold(platform);
  await press(page, "Review");
  await expect(heading(page)).toHaveText("The database is busy", { timeout: 15_000 });
  await release();
  await press(page, "Try again");
  await expect(heading(page)).toHaveText("Review the new license");
  await awake(page);
  release = await hold(platform);
  await press(page, "Apply license");
  await expectBusy(page, "busy-apply");
  await release();
  await press(page, "Try again");
  await expect(page.getByText("The new license is in use.")).toBeVisible();
  expectRefusals(complaints);
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with script" : "without script", () => {
    test.use({ javaScriptEnabled });

    test("a step of the wizard that meets a database in use loses nothing but the password", async ({ page, platform, complaints }) => {
      test.setTimeout(60_000);
      await platform.setUp({ until: "license" });
      await page.goto(platform.at("setup/license"));
      await bundle(page).fill(issue());
      if (javaScriptEnabled) await expect(page.locator("[data-verdict] h2").first()).toBeVisible();
      let release = await hold(platform);
      await press(page, "Check and continue");
      await expect(heading(page)).toHaveText("The database is busy", { timeout: 15_000 });
      await release();
      await press(page, "Try again");
      await expect(page).toHaveURL(platform.at(javaScriptEnabled ? "setup/admin" : "setup/license"));
      if (!javaScriptEnabled) {
        // What is in it is shown before anybody goes on.
        await page.getByRole("link", { name: "Continue" }).click();
        await expect(page).toHaveURL(platform.at("setup/admin"));
      }

      await page.getByLabel("Name").fill(ADMIN.name);
      await page.getByLabel("E-mail").fill(ADMIN.email);
      await page.getByLabel("Password").fill(ADMIN.password);
      release = await hold(platform);
      await press(page, "Save and continue");
      await expect(heading(page)).toHaveText("The database is busy", { timeout: 15_000 });
      await expect(page.getByRole("main")).toContainText("except for passwords");
      expect(await page.content(), "a password comes back in no page").not.toContain(ADMIN.password);
      await release();
      await press(page, "Try again");
      await expect(page).toHaveURL(platform.at("setup/admin"));
      await expect(page.getByLabel("Name")).toHaveValue(ADMIN.name);
      await expect(page.getByLabel("E-mail")).toHaveValue(ADMIN.email);
      await page.getByLabel("Password").fill(ADMIN.password);
      await press(page, "Save and continue");
      await expect(page).toHaveURL(platform.at("setup/organization"));
      expectRefusals(complaints);
    });
  });
}
