// Pictures of the checker: two for the documentation (docs/images/), and every state of the page for people to look at.
//   npm run screenshots [FOLDER]
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium as browsers } from "@playwright/test";
import config from "./playwright.config.mjs";
import { NOW, issue } from "./support/bundles.mjs";
import { Checker } from "./support/checker.mjs";
import { start } from "./support/hosts.mjs";
import { root } from "./support/programs.mjs";
import { states } from "./support/states.mjs";

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "countersign-"));
const images = join(root, "docs/images");
mkdirSync(images, { recursive: true });
mkdirSync(folder, { recursive: true });

const { url, stop } = await start("static");
const browser = await browsers.launch(config.use.launchOptions);
for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 390]) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, locale: "en-US" });
    const checker = new Checker(page, url);
    const picture = (path) => page.screenshot({ path, fullPage: true });
    await checker.open();
    if (width === 1280) {
      await checker.paste(issue({ iat: String(NOW - 86_400), "scrydon.features": '{"analytics":true,"agentic":true,"maxUsers":250}' }));
      await checker.headline.waitFor();
      await page.evaluate(() => document.activeElement.blur());
      await picture(join(images, `checker-${colorScheme}.png`));
    }
    for (const [name, enter] of Object.entries(states)) {
      await checker.open();
      await enter(checker);
      await picture(join(folder, `${name}-${width}-${colorScheme}.png`));
    }
    if (colorScheme === "light") {
      await checker.open();
      await states.valid(checker);
      await page.emulateMedia({ media: "print" });
      await picture(join(folder, `print-${width}.png`));
    }
    await page.close();
  }
}
await browser.close();
await stop();
console.log(`pictures are in ${images} and ${folder}`);
