// Replacing the license: what must be known first, two people at once, an expired license, the way back.
import { DAY, awake, expect, issue, now, renewal, test } from "../support/platform.mjs";
import { fingerprint } from "../../vectors/build.mjs";

const bundle = (page) => page.getByRole("textbox", { name: "License bundle" });
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const heading = (page) => page.getByRole("heading", { level: 1 });

/** Brings a bundle to its review. */
async function review(page, platform, text) {
  await page.goto(platform.at("settings/license/update"));
  await bundle(page).fill(text);
  await press(page, "Review");
  await expect(heading(page)).toHaveText("Review the new license");
  await awake(page);
}

const claims = async (admin) => (await admin.done("api/auth/license/get-claims"));

test("of two people who review at once the second is told what changed, and loses nothing", async ({ page, platform, another }) => {
  const admin = await platform.setUp();
  const colleague = await platform.join(admin, "org-admin");
  await admin.lend(page.context());
  const theirs = await another();
  await colleague.lend(theirs.context());
  const times = { iat: String(now() - 60), exp: String(now() + 730 * DAY) };
  await review(page, platform, renewal({ ...times, jti: '"lic_mine"' }));
  await review(theirs, platform, renewal({ ...times, jti: '"lic_theirs"' }));
  await press(theirs, "Apply license");
  await expect(theirs.getByText("The new license is in use.")).toBeVisible();
  await press(page, "Apply license");
  const summary = page.locator("#problems");
  await expect(summary).toBeFocused();
  await expect(summary).toContainText("Yours was not applied");
  await expect(summary).toContainText("org-admin@example.com");
  await expect(summary).toContainText("lic_theirs");
  // The review stands there again, against what is in use by now.
  await expect(heading(page)).toHaveText("Review the new license");
  await expect(page.getByRole("table")).toContainText("lic_theirs");
  expect((await claims(admin)).claims.jti).toBe("lic_theirs");
  await awake(page);
  await press(page, "Apply license");
  await expect(page.getByText("The new license is in use.")).toBeVisible();
  expect((await claims(admin)).claims.jti).toBe("lic_mine");
});

for (const scripts of [true, false]) {
  test.describe(scripts ? "with scripts" : "without scripts", () => {
    test.use({ javaScriptEnabled: scripts });

    test("what gets worse must be ticked first, and another key shows both fingerprints", async ({ page, platform }) => {
      const admin = await platform.setUp();
      await admin.lend(page.context());
      const worse = issue({
        jti: '"lic_worse"', "scrydon.tier": '"starter"', "scrydon.features": '{"analytics":false,"maxUsers":5}',
        exp: String(now() + 30 * DAY), iat: String(now() - 9 * DAY),
      }, "rsa2048-other");
      await page.goto(platform.at("settings/license/update"));
      await bundle(page).fill(worse);
      await press(page, "Review");
      await expect(heading(page)).toHaveText("Review the new license");
      if (scripts) await awake(page);
      const groups = (name) => fingerprint(name).toUpperCase().match(/.{4}/g);
      for (const key of ["rsa2048", "rsa2048-other"]) {
        await expect(page.getByRole("table"), key).toContainText(new RegExp(groups(key).slice(0, 2).join("\\s*"), "i"));
      }
      await expect(page.locator(".print")).toHaveText(new RegExp(groups("rsa2048-other").join("\\s*")));
      const boxes = page.getByRole("checkbox");
      await expect(boxes).toHaveCount(4);
      const submitted = [];
      page.on("request", (request) => { if (request.method() === "POST") submitted.push(request.url()); });
      for (let ticked = 0; ticked < 3; ticked += 1) {
        await boxes.nth(ticked).check();
        await press(page, "Apply license");
        await expect(boxes.nth(ticked + 1)).toBeFocused();
      }
      expect(submitted, "it stays until all are ticked").toEqual([]);

      // A form that is sent all the same is refused by the server, and says why.
      await page.evaluate(() => {
        for (const box of document.querySelectorAll("[name=acknowledge]")) Object.assign(box, { required: false, checked: false });
      });
      await press(page, "Apply license");
      await expect(page.locator("#problems")).toContainText(/acknowledge/i);
      await expect(heading(page)).toHaveText("Review the new license");
      expect((await claims(admin)).revision).toBe(1);
      if (scripts) await awake(page);

      for (const box of await boxes.all()) await box.check();
      await press(page, "Apply license");
      await expect(page.getByText("The new license is in use.")).toBeVisible();
      expect(await claims(admin)).toMatchObject({ revision: 2, claims: { jti: "lic_worse" }, key: { sha256: fingerprint("rsa2048-other") } });

      // One click back: what gets better needs no tick, the other key is said beside the button.
      await page.getByText("Revert to the previous license").click();
      await expect(page.getByText("This puts revision 1 back as a new revision")).toBeVisible();
      await press(page, "Revert to revision 1");
      await expect(page.getByText("The license of before is in use again.")).toBeVisible();
      expect(await claims(admin)).toMatchObject({ revision: 3, claims: { jti: "lic_first" }, key: { sha256: fingerprint("rsa2048") } });
    });

    test("an expired license leaves the way open to the next one", async ({ page, platform }) => {
      const admin = await platform.setUp();
      const end = now() + 3;
      await admin.rotate(issue({ exp: String(end) }));
      await admin.lend(page.context());
      await expect.poll(now).toBeGreaterThanOrEqual(end);
      expect((await claims(admin)).state).toBe("expired");
      await page.goto(platform.home);
      await expect(page.getByRole("main")).toContainText(/The license expired/);
      await expect(page.getByRole("main").getByRole("link", { name: /@/ })).toHaveAttribute("href", /^mailto:/);
      await page.getByRole("link", { name: "Update license" }).click();
      await bundle(page).fill(renewal());
      await press(page, "Review");
      await press(page, "Apply license");
      await expect(page.getByText("The new license is in use.")).toBeVisible();
      expect((await claims(admin)).state).toBe("active");
    });
  });
}

test("what is granted no longer is told feature by feature, in the table and beside the box", async ({ page, platform }) => {
  const features = (all) => ({ iat: String(now() - 60), "scrydon.tier": '"enterprise"', "scrydon.features": JSON.stringify(all) });
  const admin = await platform.setUp({ license: issue(features({ analytics: true, reports: true, sites: 5 })) });
  await admin.lend(page.context());
  await review(page, platform, issue({
    ...features({ agentic: false, reports: "on request", maxSites: 3 }), jti: '"lic_features"',
  }));
  const row = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) }).getByRole("cell");
  await expect(row("Agentic features")).toHaveText(["with the tier", "no", "less"]);
  await expect(row("Analytics")).toHaveText(["yes", "–", "less"]);
  await expect(row("maxSites")).toHaveText(["no limit", "3", "less"]);
  await expect(row("reports")).toHaveText(["yes", "on request", "less"]);
  await expect(row("sites")).toHaveText(["5", "–", "less"]);
  await expect(page.getByRole("checkbox", {
    name: "I know that “Agentic features” is no longer granted; “Analytics” is no longer named: only the tier grants it now; "
      + "“maxSites” is now limited to 3, so far without limit; “reports” is no longer granted: it says “on request” now; "
      + "“sites” is no longer granted, so far up to 5.",
  })).toBeVisible();
});

test("a bundle that was sent before is not applied again", async ({ page, platform }) => {
  const license = issue();
  const admin = await platform.setUp({ license });
  await admin.lend(page.context());
  await review(page, platform, license);
  await expect(page.getByRole("main")).toContainText("This license is in use already. There is nothing to apply.");
  await expect(page.getByRole("button", { name: "Apply license" })).toHaveCount(0);
});

test("the JWT is shown after a warning, copied, and that is written down", async ({ page, platform, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const license = issue();
  const admin = await platform.setUp({ license });
  await admin.lend(context);
  await page.goto(platform.at("settings/license"));
  await awake(page);
  const { jwt } = JSON.parse(license);
  expect(await page.content(), "not before it is asked for").not.toContain(jwt);
  await page.locator("summary", { hasText: "Copy the JWT" }).click();
  await expect(page.getByText(/bearer document/)).toBeVisible();
  await press(page, "Show the JWT");
  await expect(page.getByRole("heading", { name: "Treat it like a document of value" })).toBeVisible();
  await expect(page.getByLabel("JWT")).toHaveValue(jwt);
  await awake(page);
  await press(page, "Copy the JWT");
  await expect(page.getByRole("status").last()).toHaveText("Copied.");
  expect(page.url()).not.toContain(jwt.slice(0, 40));
  await page.goto(platform.at("settings/audit"));
  await expect(page.getByRole("table")).toContainText("license.copied");
});

test("a member looks and changes nothing", async ({ page, platform, complaints }) => {
  const admin = await platform.setUp();
  const member = await platform.join(admin, "member");
  await admin.rotate(renewal());
  await member.lend(page.context());
  for (const path of ["", "settings/license", "settings/license/update", "settings/organization"]) {
    await page.goto(platform.at(path));
    await expect(heading(page)).toBeVisible();
    // What is left: signing out, opening what is folded, copying the fingerprint.
    const buttons = await page.getByRole("button").allTextContents();
    expect(buttons.filter((name) => !["Sign out", "Copy fingerprint", "Header and claims as signed"].includes(name.trim())), path).toEqual([]);
    await expect(page.getByRole("textbox"), path).toHaveCount(0);
  }
  for (const path of ["settings/users", "settings/email", "settings/audit"]) {
    const answer = await page.goto(platform.at(path));
    expect(answer.status(), path).toBe(403);
    await expect(heading(page)).toHaveText("Your account may not do this");
  }
  for (const path of ["license/rotate", "license/revert", "license/copy", "license/preview"]) {
    expect((await member.post(`api/auth/${path}`, {}, { "if-match": '"2"' })).status, path).toBe(403);
  }
  expect(complaints.splice(0).filter((complaint) => !complaint.includes("status of 403"))).toEqual([]);
});
