// What assistive technology is told, and whether everyone can read and reach everything. axe runs in once/axe.spec.mjs.
import { issue, valid } from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

test("the page is told to assistive technology in full", async ({ checker, page }) => {
  await checker.open();
  await checker.paste(valid);
  await expect(page).toHaveTitle(/^Check a license bundle( · Countersign)?$/);
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  await expect(page.getByRole("banner")).toContainText("Countersign");
  await expect(page.getByRole("main")).toMatchAriaSnapshot(`
    - main:
      - heading "Check a license bundle" [level=1]
      - paragraph: /Paste it, drop the file, or choose a file/
      - text: License bundle
      - textbox "License bundle"
      - text: Choose a file
      - button "Choose a file"
      - button "Compare with the current one"
      - button "Copy summary"
      - button "Print"
      - button "Clear"
      - status
      - status:
        - heading "Undamaged, and valid for 365 more days" [level=2]
        - paragraph: /The signature fits the key/
      - term: Organization
      - definition: Acme Corp
      - term: Tier
      - definition: Enterprise
      - term: Customer
      - definition: cust_acme
      - term: License
      - definition: lic_abc123
      - term: CPU
      - definition: 16 cores
      - term: Memory
      - definition: 64 GB
      - term: Video memory
      - definition: 0 GB contractual only
      - term: Expires
      - definition: 21 September 2027, 14:13 UTC in 365 days
      - term: Agentic features
      - definition: "no"
      - term: Analytics
      - definition: "yes"
      - term: Users, at most
      - definition: "250"
      - heading "Signing key" [level=2]
      - paragraph: /([0-9A-F]{4} ){15}[0-9A-F]{4}/
      - paragraph:
        - text: RSA, 2048 bits, exponent 65537. SHA-256 of the public key.
        - button "Copy fingerprint"
      - heading "Checks" [level=2]
      - list:
        - listitem: /^Format . ok\\./
        - listitem: /^Key . ok\\./
        - listitem: /^Algorithm . ok\\./
        - listitem: /^Signature . ok\\./
        - listitem: /^Trust . look\\./
        - listitem:
          - text: "Issuer : ok."
          - code: scrydon-license
        - listitem:
          - text: "Audience : ok."
          - code: scrydon-platform
        - listitem: /^Claims . ok\\./
        - listitem: /^Not before . not checked\\./
        - listitem: /^Expiry . ok\\./
      - group: Header and claims as signed
  `);
});

test("the live regions are there before they speak, and only what changed is replaced", async ({ checker, page }) => {
  await checker.open();
  await expect(page.getByRole("status")).toHaveCount(2);
  await checker.paste(valid);
  await expect(checker.headline).toBeVisible();
  // A change that leaves the verdict as it is must not make a screen reader say it again.
  await checker.verdict.evaluate((region) => {
    window.changes = 0;
    new MutationObserver(() => { window.changes += 1; }).observe(region, { childList: true, subtree: true, characterData: true });
  });
  await checker.paste(`${valid}\n`);
  await checker.button("Compare with the current one").click();
  await checker.current.fill(issue({}, "rsa2048-other"));
  await expect(checker.table).toBeVisible();
  expect(await page.evaluate(() => window.changes)).toBe(0);
  await checker.paste("{");
  await expect(checker.headline).toHaveText("The bundle is damaged");
  expect(await page.evaluate(() => window.changes)).toBeGreaterThan(0);
});

test("a copied summary is announced", async ({ checker, page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await checker.open();
  await checker.paste(valid);
  await checker.button("Copy summary").click();
  await expect(page.getByRole("status").first()).toHaveText(/^Summary copied\./);
});

test("the box is described by the sentence above it", async ({ checker }) => {
  await checker.open();
  await expect(checker.bundle).toHaveAccessibleDescription(/Paste it, drop the file/);
});
