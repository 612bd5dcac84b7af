// Every page of the platform in every state that a person can bring it to, one after the other.
import { ADMIN, DAY, awake, expect, issue, now, renewal } from "./platform.mjs";
import { vectorText } from "./bundles.mjs";

const LONG = "Vereinigte Donaudampfschifffahrtsgesellschaftskapitänskajütenausstatter und Söhne, Niederlassung Süd";

/** Calls `look(page, name)` wherever there is something to look at. `another` opens a browser of somebody else's. Names are long,
 *  unless it shall be plain. */
export async function tour({ page, platform, another, isPlain = false }, look) {
  const bundle = (page) => page.getByRole("textbox", { name: "License bundle" });
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  const open = async (path, page_ = page) => {
    await page_.goto(platform.at(path));
    await awake(page_);
  };
  /** Sends the form that this button is in, unchecked, so that the server answers. */
  const send = async (name) => {
    const button = page.getByRole("button", { name, exact: true });
    await button.evaluate((button) => button.setAttribute("formnovalidate", ""));
    await button.focus(); // what is said beside the field that is left moves the button
    await button.click();
    await expect(page.locator("#problems")).toBeFocused();
    await awake(page);
  };

  // ---- the wizard
  await open("setup");
  await look(page, "setup-license");
  await press("Check and continue");
  await expect(bundle(page)).toBeFocused();
  await look(page, "setup-license-left-empty");
  await bundle(page).fill(issue());
  await expect(page.locator("[data-verdict] h2").first()).toBeVisible();
  await look(page, "setup-license-judged");
  await bundle(page).fill(vectorText("payload-one-character"));
  await send("Check and continue");
  await look(page, "setup-license-refused");
  await bundle(page).fill(issue({ exp: String(now() - 3 * DAY) }));
  await send("Check and continue");
  await look(page, "setup-license-expired");
  await bundle(page).fill(issue());
  await press("Check and continue");
  await expect(page).toHaveURL(platform.at("setup/admin"));
  await look(page, "setup-admin");
  await page.getByLabel("Name").fill("F".repeat(40));
  await page.getByLabel("E-mail").fill("admin@");
  await page.getByLabel("Password").fill("short");
  await send("Save and continue");
  await look(page, "setup-admin-wrong");
  await open("setup/license");
  await look(page, "setup-license-verified");
  await open("setup/admin");
  await page.getByLabel("Name").fill(ADMIN.name);
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill(ADMIN.password);
  await press("Save and continue");
  await expect(page).toHaveURL(platform.at("setup/organization"));
  await look(page, "setup-organization");
  await page.getByLabel("Name").fill("");
  await send("Save and continue");
  await look(page, "setup-organization-wrong");
  await open("setup/admin");
  await look(page, "setup-admin-saved");
  await open("setup/license");
  await look(page, "setup-license-saved");
  await open("setup/organization");
  await page.getByLabel("Name").fill(isPlain ? "Acme Corp" : LONG);
  await press("Save and continue");
  await expect(page).toHaveURL(platform.at("setup/email"));
  await look(page, "setup-email");
  await send("Save and continue");
  await look(page, "setup-email-wrong");
  await page.getByRole("radio", { name: "Resend" }).check();
  await look(page, "setup-email-resend");
  await page.getByRole("radio", { name: "Not now" }).check();
  await look(page, "setup-email-later");
  await press("Save and continue");
  await expect(page).toHaveURL(platform.at("setup/complete"));
  await look(page, "setup-complete");
  await press("Finish and open the platform");
  await expect(page).toHaveURL(platform.home);
  await look(page, "home-first");

  // ---- nothing has happened yet
  const pages = ["license", "license/update", "organization", "email", "network", "users", "sessions", "audit"];
  for (const name of pages) {
    await open(`settings/${name}`);
    await look(page, `settings-${name.replace("/", "-")}-first`);
  }
  await open("analytics");
  await look(page, "analytics");
  await open("settings/audit?action=nothing");
  await look(page, "settings-audit-nothing");

  // ---- what is wrong
  await open("settings/license/update");
  await bundle(page).fill(vectorText("payload-one-character"));
  await press("Review");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This bundle cannot be applied");
  await look(page, "settings-license-update-refused");
  await open("settings/license/update");
  await bundle(page).fill(renewal());
  await press("Review");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Review the new license");
  await look(page, "settings-license-review-better");
  await open("settings/license/update");
  await bundle(page).fill(issue({ "scrydon.tier": '"starter"', "scrydon.features": "{}", exp: String(now() + 90 * DAY), iat: String(now() - 30 * DAY) }, "rsa2048-other"));
  await press("Review");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Review the new license");
  await look(page, "settings-license-review-worse");
  await press("Apply license");
  await look(page, "settings-license-review-not-acknowledged");
  await open("settings/organization");
  await page.getByLabel("Name").fill("");
  await send("Save");
  await look(page, "settings-organization-wrong");
  await open("settings/email");
  await page.getByRole("radio", { name: "A mail server" }).check();
  await send("Save");
  await look(page, "settings-email-wrong");
  await open("settings/users");
  await page.getByLabel("E-mail", { exact: true }).fill("nobody");
  await send("Invite");
  await look(page, "settings-users-wrong");
  await open("settings/sessions");
  await send("Change password");
  await look(page, "settings-sessions-wrong");

  // ---- others come, and things happen
  const admin = platform.program();
  await admin.done("api/auth/sign-in/email", ADMIN);
  const long = { name: LONG, email: `${"long.".repeat(12)}name@subdomain.of.a.long.example.com` };
  const colleague = await platform.join(admin, "org-admin", isPlain ? { name: "Third User" } : long);
  const member = await platform.join(admin, "member");
  await open("settings/users");
  await page.getByLabel("E-mail", { exact: true }).fill("third@example.com");
  await page.getByLabel("Role", { exact: true }).selectOption("org-admin");
  await press("Invite");
  await expect(page.getByLabel("Link to pass on")).toBeVisible();
  await awake(page);
  await look(page, "settings-users-invited");
  await open("settings/users");
  await look(page, "settings-users");
  await page.getByText("Remove…").first().click();
  await look(page, "settings-users-remove");
  await admin.rotate(renewal());
  await open("settings/license");
  await look(page, "settings-license");
  await page.getByText("Revert to the previous license").click();
  await page.getByText("Header and claims as signed").click();
  await page.locator("summary", { hasText: "Copy the JWT" }).click();
  await look(page, "settings-license-unfolded");
  await press("Show the JWT");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("The license’s JWT");
  await look(page, "settings-license-jwt");
  await open("settings/sessions");
  await look(page, "settings-sessions");
  await open("settings/audit");
  await look(page, "settings-audit");

  // ---- what others see
  for (const [who, program, paths] of [
    ["member", member, ["", "settings/license", "settings/license/update", "settings/organization", "settings/users"]],
    ["org-admin", colleague, ["settings/users", "settings/email"]],
  ]) {
    const theirs = await another();
    await program.lend(theirs.context());
    for (const path of paths) {
      await open(path, theirs);
      await look(theirs, `${who}-${path.replaceAll("/", "-") || "home"}`);
    }
  }

  // ---- nobody
  const nobody = await another();
  await open("sign-in", nobody);
  await look(nobody, "sign-in");
  await nobody.getByLabel("E-mail").fill("admin@example.com");
  await nobody.getByLabel("Password").fill("three blue mountains at one");
  await nobody.getByRole("button", { name: "Sign in" }).click();
  await expect(nobody.locator("#problems")).toBeFocused();
  await look(nobody, "sign-in-refused");
  await open("invitation#a-code", nobody);
  await look(nobody, "invitation");
  await open("nowhere", nobody);
  await look(nobody, "not-found");

  // ---- the end
  const hasFeatures = '{"analytics":true,"agentic":false,"maxUsers":50,"auditExport":"daily"}';
  await admin.rotate(issue({ exp: String(now() + 20 * DAY), "scrydon.features": hasFeatures }));
  await open("");
  await look(page, "home-expiring");
  const end = now() + 3;
  await admin.rotate(issue({ exp: String(end), "scrydon.features": hasFeatures }));
  await expect.poll(now).toBeGreaterThanOrEqual(end);
  await open("");
  await look(page, "home-expired");
  await open("settings/license");
  await look(page, "settings-license-expired");
}
