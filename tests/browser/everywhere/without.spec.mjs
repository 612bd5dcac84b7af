// Browsers that lack something.
import { expired, valid, vectorText } from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

test("without WebCrypto, as on plain http, verdicts are the same", async ({ checker, page }) => {
  await page.addInitScript(() => Object.defineProperty(Crypto.prototype, "subtle", { get: () => undefined }));
  await checker.open();
  for (const [text, title] of [
    [valid, "Undamaged, and valid for 365 more days"],
    [expired, "Undamaged, but expired 1 day ago"],
    [vectorText("payload-one-character"), "Damaged: the signature does not fit"],
    [vectorText("valid-rsa8192"), "Undamaged, and valid for 365 more days"],
  ]) {
    await checker.paste(text);
    await expect(checker.headline).toHaveText(title);
  }
});

test("without WebAssembly, the page says so and names the command line", async ({ checker, page, complaints }) => {
  await page.addInitScript(() => { delete window.WebAssembly; });
  await checker.open({ awake: "failed" });
  await expect(page.getByRole("heading", { name: "This browser cannot check a bundle" })).toBeVisible();
  await expect(page.getByText("countersign check bundle.json").filter({ visible: true })).toHaveCount(1);
  expect(complaints).toEqual([expect.stringContaining("WebAssembly did not start")]);
  complaints.length = 0;
});

test("while all is well, no notice of that kind is seen", async ({ checker, page }) => {
  await checker.open();
  await expect(page.getByText("countersign check bundle.json").filter({ visible: true })).toHaveCount(0);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("the page is whole and names the command line", async ({ checker, page, host }) => {
    await page.goto(checker.address);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Check a license bundle");
    await expect(page.getByRole("heading", { name: "This page needs scripts to check a bundle" })).toBeVisible();
    await expect(page.locator("noscript code")).toBeVisible();
    await expect(page.getByRole("banner")).toContainText("Countersign");
    await checker.expectStyled();
    if (host !== "static") await expect(checker.bundle).toBeVisible(); // written by the server
  });
});
