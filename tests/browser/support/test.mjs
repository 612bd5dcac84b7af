// Playwright's `test` with the checker in it. Every test also asserts that the browser had nothing to complain about.
import { expect, test as base } from "@playwright/test";
import { Checker } from "./checker.mjs";
import { start } from "./hosts.mjs";

export { expect };

/** Adds to a list what the browser complains about: console errors and warnings, uncaught errors. */
export function listen(context, complaints) {
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
}

export const test = base.extend({
  host: ["static", { option: true, scope: "worker" }],

  address: [
    async ({ host }, use) => {
      const { url, stop } = await start(host);
      await use(url);
      await stop();
    },
    { scope: "worker" },
  ],

  /** What the browser complained about: console errors and warnings, uncaught errors. A test that expects some empties it. */
  complaints: async ({ context }, use) => {
    const complaints = [];
    listen(context, complaints);
    await use(complaints);
    expect(complaints, "the browser's console").toEqual([]);
  },

  /** The checker's page, not yet loaded. */
  checker: async ({ page, address, complaints: _ }, use) => use(new Checker(page, address)),
});
