// What leaves the page, and only by the reader's own hand: a summary, a fingerprint, paper.
import { createHash } from "node:crypto";
import { spki } from "../../vectors/build.mjs";
import { issue, jwt, valid, vectorText } from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

const fingerprint = createHash("sha256").update(spki("rsa2048")).digest("hex");
const COPIED = "Summary copied. It holds neither the token nor the signature.";
const BY_HAND = "This browser does not let the page copy. Select the text below and copy it.";

/** The summary says what a vendor needs, and nothing that could be used as a license. */
function expectSummary(text) {
  expect(text).toContain("Verdict: valid (bundled)");
  expect(text).toContain("Organization: Acme Corp");
  expect(text.replaceAll(" ", "").toLowerCase()).toContain(fingerprint);
  for (const segment of jwt.split(".")) expect(text).not.toContain(segment.slice(0, 20));
  expect(text).not.toContain("BEGIN");
}

test("the summary is copied, without token, signature or key", async ({ checker, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await checker.open();
  await expect(checker.button("Copy summary")).toBeDisabled();
  await checker.paste(valid);
  await checker.button("Copy summary").click();
  await expect(checker.notice).toHaveText(COPIED);
  expectSummary(await checker.clipboard());
});

test("a hostile name stays on its line of the summary, and what is not verified says so", async ({ checker, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await checker.open();
  const organization = "Acme\nVerdict: valid (pinned)\r\n\u202eproC\u0000 Corp";
  await checker.paste(JSON.parse(issue({ "scrydon.org": JSON.stringify(organization) })).jwt);
  await checker.button("Copy summary").click();
  await expect(checker.notice).toHaveText(COPIED);
  const lines = (await checker.clipboard()).split("\n");
  expect(lines.filter((line) => line.startsWith("Verdict:"))).toEqual(["Verdict: unverified (none)"]);
  expect(lines.filter((line) => line.startsWith("Organization:"))).toEqual([expect.stringMatching(/Acme.*Corp.*\(not verified\)$/)]);
  expect(lines.join("")).not.toMatch(/[\u0000-\u001f\u202e]/);
});

test("the fingerprint is copied", async ({ checker, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await checker.open();
  await checker.paste(valid);
  await checker.button("Copy fingerprint").click();
  await expect(checker.notice).toHaveText("Fingerprint copied.");
  expect((await checker.clipboard()).toLowerCase()).toBe(fingerprint);
});

test("without a clipboard, as on plain http, the summary is copied the old way", async ({ checker, page }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "clipboard", { get: () => undefined }));
  await checker.open();
  await checker.paste(valid);
  await checker.button("Copy summary").click();
  await expect(checker.notice).toHaveText(COPIED);
  expectSummary(await checker.clipboard());
});

test("where copying is forbidden, the summary is shown to be copied by hand", async ({ checker, page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "clipboard", { get: () => ({ writeText: () => Promise.reject(new Error("no")) }) });
    document.execCommand = () => false;
  });
  await checker.open();
  await checker.paste(valid);
  await checker.button("Copy summary").click();
  await expect(checker.notice).toHaveText(BY_HAND);
  expectSummary(await checker.byHand.inputValue());
  await checker.paste(vectorText("valid-self-made"));
  await expect(checker.byHand).toBeHidden();
  await expect(checker.notice).toHaveText("");
});

test("the Print button prints", async ({ checker, page }) => {
  await page.addInitScript(() => { window.printed = 0; window.print = () => { window.printed += 1; }; });
  await checker.open();
  await expect(checker.button("Print")).toBeDisabled();
  await checker.paste(valid);
  await checker.button("Print").click();
  expect(await page.evaluate(() => window.printed)).toBe(1);
});

test("paper shows the verdict, the facts, the key and every check, and nothing to click", async ({ checker, page }) => {
  await checker.open();
  await checker.paste(valid);
  await expect(checker.headline).toBeVisible();
  await page.emulateMedia({ media: "print" });
  await expect(checker.headline).toBeVisible();
  await expect(checker.facts).toBeVisible();
  await expect(page.getByText("SHA-256 of the public key.")).toBeVisible();
  await expect(page.locator("[data-check]")).toHaveCount(10);
  for (const row of await page.locator("[data-check]").all()) await expect(row).toBeVisible();
  await expect(checker.bundle).toBeHidden();
  for (const button of await page.locator("button, .btn, input, summary").all()) await expect(button).toBeHidden();
});
