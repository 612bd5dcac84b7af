// Lighthouse, as a phone sees the page: performance, accessibility and best practices.
import { createServer } from "node:net";
import lighthouse from "lighthouse";
import { start } from "../support/hosts.mjs";
import { expect, test } from "../support/test.mjs";

// Other programs may be using the machine, and speed is half of the score.
test.describe.configure({ retries: 2, mode: "default" });

/** A port that nobody listens on. */
const freePort = () => new Promise((found) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => found(port));
  });
});

for (const host of ["static", "server"]) {
  test(`Lighthouse gives at least 95 in each category, ${host}`, async ({ playwright, launchOptions }, info) => {
    test.setTimeout(120_000);
    const { url, stop } = await start(host);
    const port = await freePort();
    const browser = await playwright.chromium.launch({ ...launchOptions, args: [...launchOptions.args, `--remote-debugging-port=${port}`] });
    const categories = ["performance", "accessibility", "best-practices"];
    try {
      const { lhr } = await lighthouse(url, { port, logLevel: "error", onlyCategories: categories });
      const scores = Object.fromEntries(categories.map((category) => [category, Math.round(lhr.categories[category].score * 100)]));
      const figures = Object.entries(scores).map(([category, score]) => `${category} ${score}`).join(", ");
      const seconds = (audit) => lhr.audits[audit].displayValue;
      info.annotations.push({
        type: "figure",
        description: `Lighthouse, ${host}: ${figures}; largest paint ${seconds("largest-contentful-paint")}, blocked ${seconds("total-blocking-time")}`,
      });
      const poor = Object.values(lhr.audits).filter(({ score }) => score !== null && score < 0.9).map(({ id }) => id);
      for (const category of categories) expect(scores[category], `${category}; poor: ${poor}`).toBeGreaterThanOrEqual(95);
    } finally {
      await browser.close();
      await stop();
    }
  });
}
