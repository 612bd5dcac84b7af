// The checker as people use it: every place in the page by the name that they see or hear.
import { expect } from "@playwright/test";
import { NOW } from "./bundles.mjs";

/** In the page: see `dropAll`. */
async function dropEach(files) {
  const box = document.querySelector("#bundle");
  const region = document.querySelectorAll('[role="status"]')[1];
  const changed = () => new Promise((resolve) => {
    const observer = new MutationObserver(() => { observer.disconnect(); resolve(); });
    observer.observe(region, { childList: true });
  });
  const shown = [];
  for (const base64 of files) {
    if (region.childElementCount > 0) {
      const gone = changed();
      document.querySelector('[data-do="clear"]').click();
      await gone;
    }
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], "bundle"));
    const judged = changed();
    const begin = performance.now();
    box.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    await judged;
    shown.push({
      took: performance.now() - begin,
      rows: [...document.querySelectorAll("[data-check]")].map((row) => ({
        id: row.dataset.check, word: row.querySelector("b span").textContent, detail: row.lastElementChild.textContent.replaceAll("`", ""), // which mark code, where there is no style
      })),
      fingerprint: document.querySelector(".print")?.textContent.replace(/\s/g, "").toLowerCase(),
      repairable: document.querySelector('[data-do="repair"]') !== null,
    });
  }
  return shown;
}

export class Checker {
  constructor(page, address) {
    this.page = page;
    this.address = address;
    this.bundle = page.getByRole("textbox", { name: "License bundle" });
    this.current = page.getByRole("textbox", { name: "The bundle in use now" });
    this.key = page.getByRole("textbox", { name: "Public key that came with this JWT" });
    this.byHand = page.getByRole("textbox", { name: "Text to copy" });
    this.file = page.getByLabel("Choose a file");
    [this.notice, this.verdict] = [0, 1].map((index) => page.locator('[role="status"]').nth(index));
    this.headline = this.verdict.getByRole("heading");
    this.body = this.verdict.getByRole("paragraph");
    this.facts = page.locator("dl.facts");
    this.table = page.getByRole("table");
  }

  /** Loads the page, and waits until it is awake. `now` in seconds; null leaves the clock as it is. */
  async open({ now = NOW, awake = "ready" } = {}) {
    if (now !== null) await this.setTime(now);
    await this.page.goto(this.address);
    if (awake) await expect(this.page.locator(`html[data-wasm=${awake}]`)).toBeAttached();
  }

  setTime(seconds) {
    return this.page.clock.setFixedTime(seconds * 1000);
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** Puts a text into the first box, as a paste does. */
  paste(text) {
    return this.bundle.fill(text);
  }

  /** Drops files: `{ name, text }` or `{ name, bytes }`. */
  async drop(...files) {
    const dropped = files.map(({ name, text, bytes }) => ({ name, base64: Buffer.from(bytes ?? text).toString("base64") }));
    const dataTransfer = await this.page.evaluateHandle((files) => {
      const data = new DataTransfer();
      for (const { name, base64 } of files) data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
      return data;
    }, dropped);
    await this.bundle.dispatchEvent("dragover", { dataTransfer });
    await this.bundle.dispatchEvent("drop", { dataTransfer });
  }

  /** Drops one file after the other, each onto the emptied page, and returns what the page then showed. None may be blank. */
  dropAll(files) {
    return this.page.evaluate(dropEach, files.map((bytes) => bytes.toString("base64")));
  }

  /** The value of a fact: "Organization", "Expires". */
  fact(name) {
    return this.facts.locator("div").filter({ has: this.page.getByText(name, { exact: true }) }).locator("bdi");
  }

  /** A row of the ladder, by its stable name. */
  check(id) {
    return this.page.locator(`[data-check="${id}"]`);
  }

  /** What is on the clipboard, by pasting it: pages may write there and not read. */
  async clipboard() {
    await this.bundle.focus();
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.press("ControlOrMeta+V");
    return this.bundle.inputValue();
  }

  /** Asserts that the page's own style sheet is there. */
  async expectStyled() {
    const link = this.page.locator('link[rel="stylesheet"]');
    const response = await this.page.request.get(new URL(await link.getAttribute("href"), this.page.url()).href);
    expect(response.headers()["content-type"]).toMatch(/^text\/css/);
    await expect(this.page.locator("body")).toHaveCSS("margin", "0px");
  }

  /** Asserts that nothing sticks out to the right. */
  async expectNoOverflow() {
    const { wide, view } = await this.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return { wide: scrollWidth, view: clientWidth };
    });
    expect(wide, "the page scrolls sideways").toBeLessThanOrEqual(view);
  }
}
