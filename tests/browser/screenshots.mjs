// Pictures for the documentation (docs/images/), and every state of every page for people to look at.
//   npm run screenshots [FOLDER [checker|platform]]
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium as browsers } from "@playwright/test";
import config from "./playwright.config.mjs";
import { NOW, issue } from "./support/bundles.mjs";
import { Checker } from "./support/checker.mjs";
import { serve, start } from "./support/hosts.mjs";
import { Platform } from "./support/platform.mjs";
import { packed } from "./support/png.mjs";
import { root } from "./support/programs.mjs";
import { states } from "./support/states.mjs";
import { tour } from "./support/tour.mjs";

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "countersign-"));
const images = join(root, "docs/images");
mkdirSync(images, { recursive: true });
mkdirSync(folder, { recursive: true });

const browser = await browsers.launch(config.use.launchOptions);
const looks = ["light", "dark"].flatMap((colorScheme) => [1280, 390].map((width) => ({ colorScheme, width })));
if (process.argv[3] !== "platform") await picturesOfTheChecker();
if (process.argv[3] !== "checker") await picturesOfThePlatform();
await browser.close();
console.log(`pictures are in ${images} and ${folder}`);

async function picturesOfTheChecker() {
  const { url, stop } = await start("static");
  for (const { colorScheme, width } of looks) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, locale: "en-US" });
    const checker = new Checker(page, url);
    const picture = (path) => page.screenshot({ path, fullPage: true });
    await checker.open();
    if (width === 1280) {
      await checker.paste(issue({ iat: String(NOW - 86_400), "scrydon.features": '{"analytics":true,"agentic":true,"maxUsers":250}' }));
      await checker.headline.waitFor();
      await page.evaluate(() => document.activeElement.blur());
      writeFileSync(join(images, `checker-${colorScheme}.png`), packed(await page.screenshot({ fullPage: true })));
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
  await stop();
}

async function picturesOfThePlatform() {
  /** What stands in the documentation, by what the tour calls it. */
  const documented = {
    "setup-license-judged": "setup-license", "setup-admin": "setup-admin", "home-first": "home", "settings-license": "settings-license",
    "settings-license-review-better": "review", "settings-users": "users",
  };
  for (const { colorScheme, width } of looks) {
    const { url, folder: data, stop } = await serve("/");
    // Still pages: a picture of the moment in which one fades into the other shows neither.
    const another = () => browser.newPage({ viewport: { width, height: 900 }, colorScheme, locale: "en-US", reducedMotion: "reduce" });
    const page = await another();
    const isPlain = width === 1280 && colorScheme === "light";
    await tour({ page, platform: new Platform(url, data), another, isPlain }, async (page, name) => {
      await page.waitForLoadState();
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      if (!isPlain || !documented[name]) return;
      await page.evaluate(() => document.activeElement.blur());
      writeFileSync(join(images, `${documented[name]}.png`), packed(await page.screenshot()));
    });
    for (const context of browser.contexts()) await context.close();
    await stop();
  }
}
