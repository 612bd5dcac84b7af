// The static checker is one folder: it works at any path, and without a web server.
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { valid } from "../support/bundles.mjs";
import { Checker } from "../support/checker.mjs";
import { start } from "../support/hosts.mjs";
import { checkerFolder } from "../support/programs.mjs";
import { expect, test } from "../support/test.mjs";

async function expectItWorks(page, address) {
  const checker = new Checker(page, address);
  const failed = [];
  page.on("requestfailed", (request) => failed.push(request.url()));
  page.on("response", (response) => { if (response.status() >= 400) failed.push(response.url()); });
  await checker.open();
  await checker.paste(valid);
  await expect(checker.headline).toHaveText("Undamaged, and valid for 365 more days");
  await expect(page.getByText("0 requests since this page was loaded.")).toBeVisible();
  await expect(page.locator("body")).toHaveCSS("margin", "0px");
  expect(failed).toEqual([]);
}

test("the static checker works at a sub-path", async ({ page, complaints: _ }) => {
  const { url, stop } = await start("sub-path");
  await expectItWorks(page, url);
  await stop();
});

test("the static checker works from the file system, without a server", async ({ page, complaints: _ }) => {
  await expectItWorks(page, pathToFileURL(join(checkerFolder(), "index.html")).href);
});
