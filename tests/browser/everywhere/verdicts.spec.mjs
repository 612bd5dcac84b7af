// What the page says of each kind of bundle.
import {
  DAY, NOW, expired, issue, jwt, notYetValid, otherKey, publicKey, valid, vectorText,
} from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

/** Pastes a text and expects its verdict: title, color and a part of the reason. */
async function expectVerdict(checker, text, tone, title, reason) {
  await checker.paste(text);
  await expect(checker.headline).toHaveText(title);
  await expect(checker.verdict.locator(".verdict")).toHaveClass(`verdict ${tone}`);
  await expect(checker.body).toContainText(reason);
}

const VOUCHING = "only the bundle vouches for that key: anybody can make both. Compare the fingerprint below with the one that Scrydon publishes.";

test("a valid bundle is amber: only the bundle vouches for its key", async ({ checker }) => {
  await checker.open();
  await expectVerdict(checker, valid, "warn", "Undamaged, and valid for 365 more days", VOUCHING);
  const facts = {
    Organization: "Acme Corp", Tier: "Enterprise", Customer: "cust_acme", License: "lic_abc123", CPU: "16 cores", Memory: "64 GB",
    "Video memory": "0 GB", Expires: "21 September 2027, 14:13 UTC", Analytics: "yes", "Agentic features": "no", "Users, at most": "250",
  };
  for (const [name, value] of Object.entries(facts)) await expect(checker.fact(name), name).toHaveText(value);
});

test("a self-made bundle, “enterprise, 9999 cores, 2099”, is no better than amber", async ({ checker }) => {
  await checker.open();
  await expectVerdict(checker, vectorText("valid-self-made"), "warn", /^Undamaged, and valid for/, VOUCHING);
  await expect(checker.fact("CPU")).toHaveText("9999 cores");
  await expect(checker.check("trust")).toContainText("Trust: look.");
});

test("an expired bundle is red, and still called undamaged", async ({ checker }) => {
  await checker.open();
  await expectVerdict(checker, expired, "bad", "Undamaged, but expired 1 day ago", "It ended on");
  await expect(checker.fact("Organization")).toHaveText("Acme Corp");
});

test("a bundle that begins later is not valid yet", async ({ checker }) => {
  await checker.open();
  await expectVerdict(checker, notYetValid, "warn", "Undamaged, but not valid yet", "2026");
});

test("a changed bundle is damaged, and its claims are marked not verified", async ({ checker, page }) => {
  await checker.open();
  await expectVerdict(checker, vectorText("payload-one-character"), "bad", "Damaged: the signature does not fit", /\w/);
  await expect(page.getByRole("heading", { name: "Not verified: what the token says" })).toBeVisible();
  await expect(page.getByText("Header and claims as written, not verified")).toBeVisible();
});

test("a license for another product is refused", async ({ checker }) => {
  await checker.open();
  await expectVerdict(checker, vectorText("issuer-other"), "bad", "Not a license for this product", "Issued by other-license, not by scrydon-license");
});

test("a weak key is refused", async ({ checker }) => {
  await checker.open();
  await expectVerdict(checker, vectorText("key-1024-bits"), "bad", "The key is not acceptable", "1024");
});

test("an unsigned token is refused", async ({ checker }) => {
  await checker.open();
  await expectVerdict(checker, vectorText("attack-alg-none"), "bad", "The signature method is not acceptable", "none");
});

test("a bundle that was cut off says where", async ({ checker }) => {
  await checker.open();
  await expectVerdict(checker, valid.slice(0, 300), "bad", "The bundle is damaged", "line 2");
});

test("a private key is recognized and not shown", async ({ checker, page }) => {
  await checker.open();
  await expectVerdict(checker, vectorText("alone-private-key"), "bad", "This is a private key", "compromised");
  await expect(page.locator(".checker")).not.toContainText("MII");
});

test("a bare JWT is decoded, and verified with the key that came with it", async ({ checker, page }) => {
  await checker.open();
  await expect(checker.key).toBeHidden();
  await expectVerdict(checker, jwt, "warn", "Decoded, not verified", /\w/);
  await expect(page.getByRole("heading", { name: "Not verified: what the token says" })).toBeVisible();
  await expect(checker.fact("Organization")).toHaveText("Acme Corp");

  await checker.key.fill(publicKey);
  await expect(checker.headline).toHaveText("Undamaged, and valid for 365 more days");
  await expect(page.getByRole("heading", { name: "Not verified" })).toHaveCount(0);

  await checker.key.fill(otherKey);
  await expect(checker.headline).toHaveText("Damaged: the signature does not fit");

  await checker.key.fill("hello");
  await expect(checker.headline).toHaveText("The key is not acceptable");

  await checker.key.fill("");
  await expect(checker.headline).toHaveText("Decoded, not verified");
});

test("a bundle damaged in copying can be repaired with one button", async ({ checker, page }) => {
  await checker.open();
  await expectVerdict(checker, `\`\`\`json\n${valid}\`\`\`\n`, "bad", "Damaged in copying, and it can be repaired", /\w/);
  await checker.button("Use the repaired bundle").click();
  await expect(checker.headline).toHaveText("Undamaged, and valid for 365 more days");
  expect(JSON.parse(await checker.bundle.inputValue())).toEqual(JSON.parse(valid));
  await expect(page.getByRole("button", { name: "Use the repaired bundle" })).toHaveCount(0);
});

test("a verdict follows the clock while the page stays open", async ({ checker, page }) => {
  await page.clock.install({ time: NOW * 1000 });
  await checker.open({ now: null });
  await checker.paste(issue({ exp: String(NOW + 90) }));
  await expect(checker.headline).toHaveText("Undamaged, and valid for 1 more minute");
  await page.clock.runFor(120_000);
  await expect(checker.headline).toHaveText(/^Undamaged, but expired/);
});
