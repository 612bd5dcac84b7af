// Everybody can use every page in every state: axe, big fingers, small screens, and a keyboard alone.
import { AxeBuilder } from "@axe-core/playwright";
import { ADMIN, awake, expect, expectTidy, issue, test } from "../support/platform.mjs";
import { tour } from "../support/tour.mjs";

for (const colorScheme of ["light", "dark"]) {
  const isDark = colorScheme === "dark"; // which changes colors alone
  for (const width of [390, 1280]) {
    test.describe(`${colorScheme}, ${width} pixels wide`, () => {
      test.use({ colorScheme, viewport: { width, height: 900 } });

      test("axe has nothing to say on any page, and nothing sticks out", async ({ page, platform, another, complaints }) => {
        test.setTimeout(180_000);
        const seen = [];
        await tour({ page, platform, another }, async (page, name) => {
          seen.push(name);
          const rules = isDark ? { runOnly: ["color-contrast"] } : { rules: { "target-size": { enabled: true } } };
          const { violations, passes } = await new AxeBuilder({ page })
            .setLegacyMode() // there are no frames, and another page to collect their results in costs a second
            .options(rules)
            .analyze();
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
          expect.soft(found, name).toEqual([]);
          expect(passes.length, name).toBeGreaterThan(isDark ? 0 : 15);
          if (isDark) return;
          await expectTidy(page, name);
          if (width > 390) return;
          await page.setViewportSize({ width: 320, height: 900 });
          await expectTidy(page, `${name} at 320 pixels`);
          await page.setViewportSize({ width, height: 900 });
        });
        expect(seen.length).toBeGreaterThan(50);
        // A page that says "not found" or "not allowed" has that for its status, which is what the console says too.
        expect(complaints.splice(0).filter((complaint) => !/status of 40[34]/.test(complaint))).toEqual([]);
      });
    });
  }
}

test("the wizard can be walked with a keyboard alone", async ({ page, platform }) => {
  const keys = page.keyboard;
  /** Presses Tab until what is focused has this name. */
  const reach = async (name) => {
    for (let pressed = 0; pressed < 30; pressed += 1) {
      const focused = page.locator(":focus");
      if (await focused.count() && await focused.evaluate((element, name) => {
        const label = element.labels?.[0] ?? element;
        return label.textContent.trim().startsWith(name);
      }, name)) return focused;
      await keys.press("Tab");
    }
    throw new Error(`${name} is not to be reached`);
  };
  const arrive = async (path) => {
    await expect(page).toHaveURL(platform.at(path));
    await awake(page);
  };

  await page.goto(platform.home);
  await arrive("setup/license");
  await keys.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await keys.press("Enter");
  await reach("License bundle");
  await keys.insertText(issue());
  await reach("Check and continue");
  await keys.press("Enter");
  await arrive("setup/admin");
  await reach("Name");
  await keys.type(ADMIN.name);
  await keys.press("Enter"); // what is missing is said, and focused
  await expect(page.getByLabel("E-mail")).toBeFocused();
  await expect(page.getByLabel("E-mail")).toHaveAccessibleDescription(/This is needed\./);
  await keys.type(ADMIN.email);
  await keys.press("Tab");
  await keys.type(ADMIN.password);
  await keys.press("Enter");
  await arrive("setup/organization");
  await reach("Save and continue");
  await keys.press("Space");
  await arrive("setup/email");
  await reach("A mail server");
  await keys.press("ArrowDown");
  await keys.press("ArrowDown");
  await expect(page.getByRole("radio", { name: "Not now" })).toBeChecked();
  await reach("Save and continue");
  await keys.press("Enter");
  await arrive("setup/complete");
  await reach("Finish");
  await keys.press("Space");
  await arrive("");
  await expect(page.getByRole("status").first()).toHaveText("The platform is set up.");
});
