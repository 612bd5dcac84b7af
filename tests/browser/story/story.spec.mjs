// The whole story, as people live it: a fresh install, the wizard, signing in, and a new license while everything runs.
import { ADMIN, awake, expect, expectTidy, issue, renewal, test } from "../support/platform.mjs";

for (const mount of ["/", "/platform"]) {
  for (const scripts of [true, false]) {
    for (const [device, width] of [["phone", 390], ["desktop", 1280]]) {
      test.describe(`at ${mount}, ${scripts ? "with" : "without"} scripts, on a ${device}`, () => {
        test.use({ basePath: mount, javaScriptEnabled: scripts, viewport: { width, height: 900 } });
        test("a fresh install becomes a platform, and its license is replaced", story);
      });
    }
  }
}

async function story({ page, platform, javaScriptEnabled: scripts }) {
  test.slow(); // it is long, and shares two cores
  const first = issue(), second = renewal();
  const field = (name) => page.getByLabel(name, { exact: true });
  const bundle = page.getByRole("textbox", { name: "License bundle" });
  const verdict = page.locator("[data-verdict]");
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  /** The page of that path and heading: whole, awake where it can be, and in order. */
  const arrive = async (path, heading) => {
    await expect(page).toHaveURL(platform.at(path));
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    if (scripts) await awake(page);
    await expectTidy(page, path);
  };

  // Home of a fresh install is the wizard, and so is everything else that needs one.
  await page.goto(platform.home);
  await arrive("setup/license", "Apply your license");
  await page.goto(platform.at("setup/complete"));
  await arrive("setup/license", "Apply your license");
  await page.goto(platform.at("settings/license"));
  await arrive(`sign-in?next=${encodeURIComponent(new URL(platform.at("settings/license")).pathname)}`, "Sign in");

  await page.goto(platform.at("setup"));
  await bundle.fill(first.replace('"jwt": "ey', '"jwt": "ex'));
  if (scripts) await expect(verdict.getByRole("heading")).toBeVisible();
  await press("Check and continue");
  await arrive("setup/license", "Apply your license");
  await expect(page.locator("#problems")).toBeFocused();
  await expect(bundle).toHaveValue(/"jwt": "ex/);

  if (scripts) {
    // A file that is dropped is judged at once, before anything is sent.
    const file = await page.evaluateHandle((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "license.json"));
      return data;
    }, first);
    await page.locator("main").dispatchEvent("dragover", { dataTransfer: file });
    await page.locator("main").dispatchEvent("drop", { dataTransfer: file });
    await expect(verdict.getByRole("heading").first()).toHaveText(/^Undamaged, and valid for 365 more days/);
    await expect(bundle).toHaveValue(first);
  } else {
    await bundle.fill(first);
  }
  // Everything that is in it is seen before anybody goes on: at once, or else once the server has looked at it.
  const shown = ["Professional", "64 cores", "256 GB", "48 GB", "contractual only", "in 365 days"];
  if (scripts) {
    for (const text of shown) await expect(page.locator("[data-found]")).toContainText(text);
    await expect(page.locator("[data-found] .ladder li")).toHaveCount(10);
    await press("Check and continue");
  } else {
    await press("Check and continue");
    await arrive("setup/license", "Your license");
    for (const text of shown) await expect(page.getByRole("main")).toContainText(text);
    await expect(page.locator(".ladder li")).toHaveCount(10);
    await page.getByRole("link", { name: "Continue" }).click();
  }

  await arrive("setup/admin", "Create the first administrator");
  await field("Name").fill(ADMIN.name);
  await field("E-mail").fill(ADMIN.email);
  await field("Password").fill(ADMIN.password);
  await press("Save and continue");

  await arrive("setup/organization", "Name your organization");
  await expect(field("Name")).toHaveValue("Acme Corp");
  await field("Name").fill("Acme Europe");
  await press("Save and continue");

  await arrive("setup/email", "Choose how e-mail is sent");
  await page.getByRole("radio", { name: "Not now" }).check();
  await press("Save and continue");

  await arrive("setup/complete", "Look it over, and finish");
  await expect(page.getByRole("main")).toContainText("Acme Europe");
  await expect(page.getByRole("main")).toContainText(ADMIN.email);
  await press("Finish and open the platform");

  await arrive("", "Acme Europe");
  await expect(page.getByRole("status").first()).toHaveText("The platform is set up.");
  await expect(page.getByRole("main")).toContainText(/Licensed to Acme Corp until/);
  await page.goto(platform.at("setup/license"));
  await expect(page).not.toHaveURL(/setup/);

  // Signing out and in leads back to the page that was asked for.
  await page.goto(platform.at("settings/sessions"));
  await press("Sign out");
  await arrive("sign-in", "Sign in");
  await page.goto(platform.at("settings/organization"));
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await field("E-mail").fill(ADMIN.email);
  await field("Password").fill("three blue mountains at one");
  await press("Sign in");
  await expect(page.locator("#problems")).toContainText("do not belong together");
  await expect(field("E-mail")).toHaveValue(ADMIN.email);
  await field("Password").fill(ADMIN.password);
  await press("Sign in");
  await arrive("settings/organization", "Organization");

  // What programs are told before, and after.
  const claims = async () => (await page.request.post(platform.at("api/auth/license/get-claims"), { data: {} })).json();
  expect((await claims()).claims).toMatchObject({ jti: "lic_first", scrydon: { tier: "professional" } });

  await page.getByRole("link", { name: "License", exact: true }).click();
  await arrive("settings/license", "License");
  await page.getByRole("link", { name: "Update license" }).click();
  await arrive("settings/license/update", "Update license");
  await bundle.fill(second);
  if (scripts) await expect(verdict.getByRole("heading").first()).toHaveText(/^Undamaged, and valid for 730 more days/);
  await press("Review");
  await arrive("settings/license/update", "Review the new license");
  const changes = page.getByRole("table");
  await expect(changes).toContainText("Professional");
  await expect(changes).toContainText("Enterprise");
  await expect(changes).toContainText("lic_second");
  expect((await claims()).claims.jti, "looking changes nothing").toBe("lic_first");
  await press("Apply license");
  await arrive("settings/license", "License");
  await expect(page.getByRole("status").first()).toHaveText("The new license is in use.");
  await expect(page.getByRole("main")).toContainText("lic_second");
  expect(await claims()).toMatchObject({ revision: 2, claims: { jti: "lic_second", scrydon: { tier: "enterprise" } } });

  // Said once: a reload says it no more, and sends nothing again.
  await page.reload();
  await expect(page.getByText("The new license is in use.")).toHaveCount(0);
  expect((await claims()).revision).toBe(2);

  // And back.
  await page.getByText("Revert to the previous license").click();
  await press("Revert to revision 1");
  await expect(page.getByRole("status").first()).toHaveText("The license of before is in use again.");
  expect(await claims()).toMatchObject({ revision: 3, claims: { jti: "lic_first" } });
}
