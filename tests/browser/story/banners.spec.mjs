// What stands about the license above the pages: to be read by everybody, to be put away with and without script.
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { DAY, awake, expect, expectTidy, issue, now, test } from "../support/platform.mjs";

/** Each band: its word, how far the end is, and how the banner begins. */
const bands = [
  ["Note", 29 * DAY, "The license expires in 28 days"],
  ["Warning", 13 * DAY, "The license expires in 12 days"],
  ["Important", 6 * DAY, "The license expires in 5 days"],
  ["Urgent", DAY / 2, "The license expires in 11 hours"],
];
for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1280]) {
    test.describe(`${colorScheme}, ${width} pixels wide`, () => {
      test.use({ colorScheme, viewport: { width, height: 900 } });

      test("every banner can be read and reached by everybody", async ({ page, platform, another }) => {
        test.setTimeout(120_000);
        const admin = await platform.setUp();
        const member = await platform.join(admin, "member");
        await admin.lend(page.context());
        const theirs = await another({ colorScheme, viewport: { width, height: 900 } });
        await member.lend(theirs.context());
        const look = async (who, level, begin) => {
          await who.goto(platform.at("settings/organization"));
          await awake(who);
          const banners = who.getByRole("region", { name: "About the license" });
          await expect(banners).toContainText(level);
          await expect(banners).toContainText(begin);
          await expectTidy(who, begin);
          const { violations } = await new AxeBuilder({ page: who }).setLegacyMode().options({ rules: { "target-size": { enabled: true } } }).analyze();
          expect.soft(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`), begin).toEqual([]);
          if (process.env.PICTURES) await who.screenshot({ path: join(process.env.PICTURES, `${begin.replaceAll(" ", "-")}-${width}-${colorScheme}.png`) });
        };
        for (const [level, seconds, begin] of bands) {
          await admin.rotate(issue({ exp: String(now() + seconds - 60), jti: `"lic_${seconds}"` }));
          await look(page, level, begin);
        }
        await look(theirs, "Urgent", "What this platform is licensed for ends on");
        const end = now() + 3;
        await admin.rotate(issue({ exp: String(end), jti: '"lic_ended"' }));
        await expect.poll(now).toBeGreaterThanOrEqual(end);
        await look(page, "Urgent", "The license expired");
        await look(theirs, "Urgent", "The license of this platform ended on");
      });
    });
  }
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with script" : "without script", () => {
    test.use({ javaScriptEnabled });

    test("a banner is put away where it stands, and a renewal brings its own", async ({ page, platform }) => {
      const admin = await platform.setUp({ license: issue({ exp: String(now() + 20 * DAY - 600) }) });
      await admin.lend(page.context());
      const banner = page.getByRole("region", { name: "About the license" });
      await page.goto(platform.at("settings/audit?action=license"));
      await expect(banner.getByRole("status")).toContainText("The license expires in 19 days");
      await expect(banner.getByRole("link", { name: "sales@scrydon.com" })).toBeVisible();
      await banner.getByRole("button", { name: "Dismiss" }).click();
      await expect(page).toHaveURL(platform.at("settings/audit?action=license"));
      await expect(banner).toHaveCount(0);
      await page.goto(platform.at("settings/users"));
      await expect(banner).toHaveCount(0);
      // Home says it larger, put away or not.
      await page.goto(platform.home);
      await expect(page.getByRole("main")).toContainText("The license expires in 19 days");
      await expect(banner).toHaveCount(0);
      await admin.rotate(issue({ exp: String(now() + 25 * DAY - 600), jti: '"lic_second"' }));
      await page.goto(platform.at("settings/users"));
      await expect(banner).toContainText("The license expires in 24 days");
      await banner.getByRole("link", { name: "Settings, License" }).click();
      await expect(page).toHaveURL(platform.at("settings/license"));
      const file = page.waitForEvent("download");
      await page.getByRole("link", { name: "Add its end to a calendar" }).click();
      expect((await file).suggestedFilename()).toBe("license-expiry.ics");
    });
  });
}
