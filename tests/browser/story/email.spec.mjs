// E-mail, by a real mail server: trying it, saving it, and an invitation that arrives.
import { ADMIN, awake, expect, test as base } from "../support/platform.mjs";
import { startMail, text } from "../support/mail.mjs";

const test = base.extend({
  mail: async ({}, use) => {
    const { stop, ...mail } = await startMail();
    await use(mail);
    stop();
  },
});

const WRONG = "battery staple";
const RIGHT = "correct horse"; // as tests/mail/server.mjs has it

test("a test message arrives, a wrong password is named, and no page ever has the secret", async ({ page, platform, mail, another }) => {
  test.slow(); // it is long, and shares two cores
  const admin = await platform.setUp({ until: "email" });
  await admin.lend(page.context());
  const answers = [];
  page.on("response", (response) => answers.push(response.text().catch(() => ""))); // a redirect has none
  const field = (name) => page.getByLabel(name, { exact: true });
  const summary = page.locator("#problems");
  const press = async (name) => {
    await page.getByRole("button", { name, exact: true }).click();
    await awake(page);
  };
  const tryOut = () => press("Send a test message");

  await page.goto(platform.at("setup"));
  await expect(page).toHaveURL(platform.at("setup/email"));
  await awake(page);
  await expect(field("Send a test message to")).toHaveValue(ADMIN.email);
  await field("Server").fill("127.0.0.1");
  await field("Port").fill(String(mail.ports.plain));
  await field("Encryption").selectOption("none");
  await field("User name (optional)").fill("countersign");
  await field("Password (optional)").fill(WRONG);
  await field("Sender’s address").fill("platform@example.com");
  await field("Sender’s name (optional)").fill("Acme Platform");
  await tryOut();
  await expect(summary).toContainText(/password|user name/i);
  await expect(summary).toBeFocused();
  await expect(field("Server"), "nothing typed is lost").toHaveValue("127.0.0.1");
  await expect(field("Port")).toHaveValue(String(mail.ports.plain));
  await expect(field("User name (optional)")).toHaveValue("countersign");
  await expect(field("Sender’s name (optional)")).toHaveValue("Acme Platform");
  await expect(field("Password (optional)"), "but the secret").toHaveValue("");
  expect(mail.taken).toEqual([]);

  // A server that nobody vouches for.
  await field("Encryption").selectOption("tls");
  await field("Port").fill(String(mail.ports.tls));
  await field("Password (optional)").fill(RIGHT);
  await tryOut();
  await expect(summary).toContainText(/certificate/i);

  // A box that does not exist.
  await field("Encryption").selectOption("none");
  await field("Port").fill(String(mail.ports.plain));
  await field("Password (optional)").fill(RIGHT);
  await field("Send a test message to").fill("nobody@example.com");
  await tryOut();
  await expect(summary).toContainText("No such mailbox here");
  expect(mail.taken).toEqual([]);

  await field("Password (optional)").fill(RIGHT);
  await field("Send a test message to").fill("somebody@example.com");
  await tryOut();
  await expect(page.getByRole("status").first()).toHaveText(/^Sent to somebody@example\.com\. .*Queued as 4711/);
  expect(mail.taken).toMatchObject([{ user: "countersign", from: "platform@example.com", to: ["somebody@example.com"] }]);
  expect(mail.taken[0].raw).toMatch(/^From: .*Acme Platform/m);
  expect(text(mail.taken[0])).toContain("If you can read this, e-mail works.");

  // Trying saves nothing.
  await page.reload();
  await expect(field("Server")).toHaveValue("");
  await field("Server").fill("127.0.0.1");
  await field("Port").fill(String(mail.ports.plain));
  await field("Encryption").selectOption("none");
  await field("User name (optional)").fill("countersign");
  await field("Password (optional)").fill(RIGHT);
  await field("Sender’s address").fill("platform@example.com");
  await press("Save and continue");
  await expect(page).toHaveURL(platform.at("setup/complete"));
  await press("Finish and open the platform");
  await expect(page).toHaveURL(platform.home);

  // The settings keep the password without showing it.
  await page.goto(platform.at("settings/email"));
  await awake(page);
  await expect(field("Password (optional)")).toHaveValue("");
  await expect(field("Password (optional)")).toHaveAccessibleDescription(/One is stored\. Leave this empty to keep it\./);
  await tryOut();
  await expect(page.getByRole("status").first()).toHaveText(/^Sent to admin@example\.com\./);
  await field("Server").fill("localhost"); // where it would be carried off to
  await press("Save");
  await expect(page.locator("#password-error")).toContainText(/type it again/);

  // An invitation comes with its link, which works once and does not stay in the address.
  await page.goto(platform.at("settings/users"));
  await field("E-mail").fill("second@example.com");
  await press("Invite");
  await expect(page.getByRole("status").first()).toHaveText(/on its way to second@example\.com/);
  await expect.poll(() => mail.taken.length).toBe(3);
  const link = text(mail.taken[2]).match(/http:\S+/)[0];
  await expect(page.getByLabel("Link to pass on")).toHaveValue(link);
  const theirs = await another();
  await theirs.goto(link);
  await awake(theirs);
  await expect(theirs).toHaveURL(platform.at("invitation"));
  await expect(theirs.getByLabel("Invitation code")).toHaveValue(new URL(link).hash.slice(1));
  await theirs.getByLabel("Your name").fill("Second User");
  await theirs.getByLabel("Password").fill("seven green rivers in may");
  await theirs.getByRole("button", { name: "Make the account" }).click();
  await expect(theirs).toHaveURL(platform.home);
  await expect(theirs.getByRole("banner")).toContainText("Second User");
  await page.reload();
  await expect(page.getByRole("table", { name: "Users" })).toContainText("second@example.com");
  await expect(page.getByLabel("Link to pass on")).toHaveCount(0);

  const all = (await Promise.all(answers)).join("\n");
  expect(all).toContain("countersign");
  for (const secret of [WRONG, RIGHT, ADMIN.password]) expect(all.includes(secret), secret).toBe(false);
});
