// The server's page is there before its script is.
import { valid } from "../support/bundles.mjs";
import { Checker } from "../support/checker.mjs";
import { start } from "../support/hosts.mjs";
import { expect, test } from "../support/test.mjs";

test("what was pasted before the page woke is judged when it does", async ({ page, complaints: _ }) => {
  const { url, stop } = await start("server");
  const checker = new Checker(page, url);
  let wake;
  const awake = new Promise((resolve) => { wake = resolve; });
  await page.route("**/islands.js", async (route) => {
    await awake;
    await route.continue();
  });
  const opened = checker.open();
  await checker.paste(valid);
  await expect(checker.verdict).toHaveText("");
  wake();
  await opened;
  await expect(checker.headline).toHaveText("Undamaged, and valid for 365 more days");
  await stop();
});
