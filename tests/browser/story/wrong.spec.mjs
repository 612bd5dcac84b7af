// Wrong input on every form: what is wrong stands beside its field and above the form, and nothing typed is lost but secrets.
import { ADMIN, awake, expect, expectErrors, issue, test } from "../support/platform.mjs";
import { vectorText } from "../support/bundles.mjs";

const LONG = "n".repeat(101);
const HIDDEN = "Acme\u202eproC"; // which would be read as "AcmeCorp"
const SMTP = { provider: "smtp", host: "smtp.example.com", port: "", security: "starttls", username: "", from: "platform@example.com", fromName: "" };

/** Every form: its page, the button, and what is typed wrongly into which fields. */
const forms = {
  license: {
    page: "setup/license", press: "Check and continue", until: "license",
    tries: [[{ bundle: "" }], [{ bundle: "{" }], [{ bundle: JSON.parse(issue()).jwt }], [{ bundle: vectorText("issuer-other") }]]
      .map(([typed]) => [typed, ["bundle"]]),
  },
  admin: {
    page: "setup/admin", press: "Save and continue", until: "admin",
    tries: [
      [{ name: "", email: "", password: "" }, ["name", "email", "password"]],
      [{ name: LONG, email: "admin@", password: "short" }, ["name", "email", "password"]],
      [{ name: HIDDEN, email: "a b@example.com", password: ADMIN.password }, ["name", "email"]],
      [{ name: ADMIN.name, email: ADMIN.email, password: "admin@example.com" }, ["password"]],
    ],
  },
  "organization in the wizard": {
    page: "setup/organization", press: "Save and continue", until: "organization",
    tries: [[{ name: "" }, ["name"]], [{ name: LONG }, ["name"]], [{ name: HIDDEN }, ["name"]]],
  },
  "e-mail in the wizard": {
    page: "setup/email", press: "Save and continue", until: "email",
    tries: [
      [{ ...SMTP, host: "", from: "" }, ["host", "from"]],
      [{ ...SMTP, host: "not a host", port: "99999", from: "Acme <a@example.com>", fromName: LONG }, ["host", "port", "from", "fromName"]],
      [{ ...SMTP, username: "countersign", security: "none", password: "s" }, ["security"]],
      [{ ...SMTP, username: "countersign" }, ["password"]],
      [{ ...SMTP, password: "a secret" }, ["username"]],
      [{ provider: "resend", apiKey: "", from: "nobody" }, ["apiKey", "from"]],
      [{ provider: "resend", apiKey: "schlüssel", from: "a@example.com", fromName: LONG }, ["apiKey", "fromName"]],
    ],
  },
  "test message": {
    page: "setup/email", press: "Send a test message", until: "email", tries: [[{ ...SMTP, to: "nobody" }, ["to"]]],
  },
  "sign-in": {
    page: "sign-in", press: "Sign in", isOutside: true,
    tries: [[{ email: "", password: "" }, []], [{ email: "nobody", password: "x" }, []], [{ email: ADMIN.email, password: "wrong" }, []]],
  },
  invitation: {
    page: "invitation", press: "Make the account", isOutside: true,
    tries: [
      [{ code: "no-such-code", name: "Second User", password: "seven green rivers in may" }, ["code"]],
      [{ code: null, name: "", password: "short" }, ["name", "password"]],
      [{ code: null, name: HIDDEN, password: "invited@example.com" }, ["name", "password"]],
    ],
  },
  organization: {
    page: "settings/organization", press: "Save",
    tries: [[{ name: "" }, ["name"]], [{ name: LONG }, ["name"]], [{ name: HIDDEN }, ["name"]]],
  },
  "e-mail": {
    page: "settings/email", press: "Save",
    tries: [[{ ...SMTP, host: "", from: "" }, ["host", "from"]], [{ provider: "resend", apiKey: "", from: "a@example.com" }, ["apiKey"]]],
  },
  users: {
    page: "settings/users", press: "Invite",
    tries: [[{ email: "", role: "member" }, ["email"]], [{ email: "nobody", role: "org-admin" }, ["email"]], [{ email: ADMIN.email, role: "member" }, ["email"]]],
  },
  password: {
    page: "settings/sessions", press: "Change password",
    tries: [
      [{ currentPassword: "", newPassword: "seven green rivers in may" }, ["currentPassword"]],
      [{ currentPassword: "wrong", newPassword: "seven green rivers in may" }, ["currentPassword"]],
      [{ currentPassword: ADMIN.password, newPassword: "short" }, ["newPassword"]],
      [{ currentPassword: ADMIN.password, newPassword: ADMIN.password }, ["newPassword"]],
    ],
  },
  update: { page: "settings/license/update", press: "Review", tries: [[{ bundle: "" }, ["bundle"]]] },
};

const secrets = ["password", "apiKey", "currentPassword", "newPassword", "code"];

test.describe("what the server refuses", () => {
  test.use({ javaScriptEnabled: false });
  for (const [name, form] of Object.entries(forms)) {
    test(`${name}: said above the form and beside its fields, and nothing typed is lost`, async ({ page, platform }) => {
      const admin = await platform.setUp({ until: form.until });
      let code;
      if (!form.isOutside) await admin.lend(page.context());
      if (name === "invitation") code = new URL((await admin.done("api/invitations", { email: "invited@example.com", role: "member" })).link).hash.slice(1);
      for (const [typed, wrong] of form.tries) {
        await page.goto(platform.at(form.page));
        const inside = page.locator("form").filter({ has: page.getByRole("button", { name: form.press, exact: true }) });
        for (const [field, value] of Object.entries(typed)) {
          const place = inside.locator(`[name="${field}"]`);
          if (field === "provider") await inside.locator(`[name=provider][value=${value}]`).check();
          else if (await place.evaluate((place) => place.localName === "select")) await place.selectOption(value);
          else await place.evaluate((place, value) => { place.value = value; }, value ?? code); // past any limit of the field
        }
        await inside.evaluate((form) => { form.noValidate = true; });
        await page.getByRole("button", { name: form.press, exact: true }).click();
        await expect(page).toHaveURL(platform.at(form.page));
        await expectErrors(page, ...wrong);
        for (const [field, value] of Object.entries(typed)) {
          const place = page.locator(`[name="${field}"]`);
          if (field === "provider") await expect(page.locator(`[name=provider][value=${value}]`)).toBeChecked();
          else await expect(place, `${field} of ${JSON.stringify(typed)}`).toHaveValue(secrets.includes(field) ? "" : value);
        }
      }
    });
  }

  test("a private key in the box is refused and not sent back", async ({ page, platform }) => {
    await page.goto(platform.at("setup/license"));
    const text = vectorText("alone-private-key");
    await page.getByLabel("License bundle").fill(text);
    await page.getByRole("button", { name: "Check and continue" }).click();
    await expectErrors(page, "bundle");
    await expect(page.getByRole("main")).toContainText(/private key/);
    expect(await page.content()).not.toContain(text.split("\n")[1].slice(0, 40));
  });

  test("a bundle that cannot be applied is reviewed, with its reason, and stands in the box again", async ({ page, platform }) => {
    const admin = await platform.setUp();
    await admin.lend(page.context());
    for (const text of ["{", vectorText("payload-one-character"), vectorText("issuer-other"), JSON.parse(issue()).jwt]) {
      await page.goto(platform.at("settings/license/update"));
      await page.getByLabel("License bundle").fill(text);
      await page.getByRole("button", { name: "Review" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("This bundle cannot be applied");
      await expect(page.locator(".verdict h2").first()).toBeVisible();
      await expect(page.getByLabel("License bundle")).toHaveValue(text.replaceAll("\r\n", "\n"));
    }
  });
});

test.describe("what the page says by itself", () => {
  test("a form with errors stays: each is said beside its field, and the first is focused", async ({ page, platform }) => {
    await (await platform.setUp({ until: "admin" })).lend(page.context());
    await page.goto(platform.at("setup/admin"));
    await awake(page);
    const sent = [];
    page.on("request", (request) => { if (request.method() === "POST") sent.push(request.url()); });
    const [name, email, password] = ["Name", "E-mail", "Password"].map((label) => page.getByLabel(label, { exact: true }));
    const save = page.getByRole("button", { name: "Save and continue" });
    await save.click();
    await expect(name).toBeFocused();
    for (const field of [name, email, password]) await expect(field).toHaveAccessibleDescription(/This is needed\./);
    await name.fill(ADMIN.name);
    await expect(name).not.toHaveAttribute("aria-invalid");
    await email.fill("admin@");
    await expect(email).toHaveAccessibleDescription(/This is not an e-mail address/);
    await password.fill("short");
    await expect(password).toHaveAccessibleDescription(/At least 12 characters/);
    await save.focus();
    await save.click();
    await expect(email).toBeFocused();
    expect(sent).toEqual([]);
    await email.fill(ADMIN.email);
    await password.fill(ADMIN.password);
    await save.click();
    await expect(page).toHaveURL(platform.at("setup/organization"));
    expect(sent.length).toBe(1);
  });

  test("a button that was pressed says so, and a second press sends nothing", async ({ page, platform }) => {
    await (await platform.setUp({ until: "admin" })).lend(page.context());
    await page.goto(platform.at("setup/admin"));
    await awake(page);
    const sent = [];
    page.on("request", (request) => { if (request.method() === "POST") sent.push(request.url()); });
    await page.getByLabel("Name", { exact: true }).fill(ADMIN.name);
    await page.getByLabel("E-mail", { exact: true }).fill(ADMIN.email);
    await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
    const said = await page.getByRole("button", { name: "Save and continue" }).evaluate((button) => {
      button.click();
      const said = { text: button.textContent, busy: button.getAttribute("aria-busy"), heard: document.querySelector("[data-said]").textContent };
      button.click();
      return said;
    });
    expect(said).toEqual({ text: "Saving…", busy: "true", heard: "Saving…" });
    await expect(page).toHaveURL(platform.at("setup/organization"));
    expect(sent.length).toBe(1);
  });
});
