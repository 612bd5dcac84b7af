// What became of a license, wherever it is told: out of reach for a while and for too long, taken back, changed behind our back.
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { change } from "../support/database.mjs";
import { DAY, awake, expect, expectTidy, issue, now, renewal, test as base } from "../support/platform.mjs";
import { startVendor } from "../support/vendor.mjs";

const test = base.extend({
  vendor: async ({}, use) => {
    const vendor = await startVendor();
    await use(vendor);
    await vendor.stop();
  },
  environment: async ({ vendor }, use) => {
    await use({ LICENSE_MODE: "online", LICENSE_API_URL: vendor.address, EGRESS_ALLOW: "127.0.0.1", RUST_LOG: "off" });
  },
});

const PAGES = ["settings/organization", "settings/license", ""];

for (const colorScheme of ["light", "dark"]) {
  const isDark = colorScheme === "dark"; // which changes colors alone
  for (const width of [390, 1280]) {
    test.describe(`${colorScheme}, ${width} pixels wide`, () => {
      const look = { colorScheme, viewport: { width, height: 900 } };
      test.use(look);

      /** What an administrator and a member are told, on pages of all kinds; `theirs` is empty where members are told nothing. */
      async function told({ page, theirs, platform }, name, { role, level, words, brief }) {
        for (const path of PAGES) {
          await page.goto(platform.at(path));
          await awake(page);
          // Home and the license's own page say it larger, in place of the banner.
          const place = path === PAGES[0] ? page.getByRole("region", { name: "About the license" }).getByRole(role) : page.getByRole("main");
          if (path === PAGES[0]) await expect(place).toContainText(level);
          for (const each of words) await expect(place, path).toContainText(each);
          await expect(place.getByRole("link", { name: "sales@scrydon.com" })).toHaveCount(name === "degraded" ? 0 : 1);
          await check(page, `${name}-${path.replaceAll("/", "-") || "home"}`);
        }
        await theirs.goto(platform.at(PAGES[0]));
        await awake(theirs);
        const banner = theirs.getByRole("region", { name: "About the license" });
        await expect(banner).toHaveCount(brief ? 1 : 0);
        if (brief) await expect(banner.getByRole(role)).toContainText(brief);
        await check(theirs, `${name}-member`);
      }

      async function check(page, name) {
        if (!isDark) await expectTidy(page, name);
        const rules = isDark ? { runOnly: ["color-contrast"] } : { rules: { "target-size": { enabled: true } } };
        const { violations } = await new AxeBuilder({ page }).setLegacyMode().options(rules).analyze();
        expect.soft(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`), name).toEqual([]);
        if (process.env.PICTURES) await page.screenshot({ path: join(process.env.PICTURES, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }

      /** A platform with an administrator in one browser and a member in another. */
      async function begin({ page, platform, another }) {
        const admin = await platform.setUp();
        const member = await platform.join(admin, "member");
        await admin.lend(page.context());
        const theirs = await another(look);
        await member.lend(theirs.context());
        return { admin, people: { page, theirs, platform } };
      }

      test("a license server out of reach is told with a date, and then that all is off", async ({ page, platform, another, vendor }) => {
        test.setTimeout(60_000);
        const { admin, people } = await begin({ page, platform, another });
        await vendor.tell("/behave", { mode: "fail" });
        expect((await admin.post("api/auth/license/check")).json.code).toBe("license-server-not-reached");
        await told(people, "degraded", {
          role: "status", level: "Warning", words: ["The license server is out of reach", "Everything works until", "Nothing is deleted."],
        });
        change(platform, `UPDATE phone_home SET first_failure_at = ${now() - 31 * DAY}`);
        await told(people, "lapsed", {
          role: "alert", level: "Urgent", words: ["The license server was out of reach for too long", "nothing is licensed", "Nothing is deleted."],
          brief: "This platform has no license in force",
        });
      });

      test("a license that was taken back or changed says so, and why", async ({ page, platform, another, vendor }) => {
        test.setTimeout(60_000);
        const { admin, people } = await begin({ page, platform, another });
        await vendor.tell("/revoke", { licenseId: "lic_first", reason: "Replaced by lic_second." });
        expect((await admin.done("api/auth/license/check")).status).toBe("revoked");
        await told(people, "revoked", {
          role: "alert", level: "Urgent", words: ["The license was revoked", "The vendor took it back on", "install a new license"],
          brief: "This platform has no license in force",
        });
        // It is in the history then, and does not come back.
        await admin.rotate(renewal());
        await page.goto(platform.at("settings/license"));
        await awake(page);
        await expect(page.getByRole("table", { name: "Licenses that were in use" })).toContainText("Revoked on");
        await page.getByText("Revert to the previous license").click();
        await expect(page.getByText(/was revoked by the vendor on .*, so it cannot be put back\./)).toBeVisible();
        await check(page, "history");
        await page.goto(platform.at("settings/license/update"));
        await page.getByRole("textbox", { name: "License bundle" }).fill(issue({ jti: '"lic_first"' }));
        await page.getByRole("button", { name: "Review", exact: true }).click();
        await expect(page.getByRole("heading", { level: 1 })).toHaveText("This bundle cannot be applied");
        await awake(page);
        await check(page, "review-of-revoked");

        change(platform, "UPDATE platform_config SET value = substr(value, 1, 60) || 'A' || substr(value, 62) WHERE key = 'license_jwt'");
        await told(people, "tampered", {
          role: "alert", level: "Urgent", words: ["The stored license is not genuine any more", "nothing is licensed"],
          brief: "This platform has no license in force",
        });
      });
    });
  }
}
