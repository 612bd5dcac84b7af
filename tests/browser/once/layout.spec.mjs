// Large letters, small screens, big fingers, and people whom motion makes ill.
import { states } from "../support/states.mjs";
import { expect, test } from "../support/test.mjs";

for (const [what, width, letters] of [["letters of twice the size", 1280, "200%"], ["letters of twice the size on a phone", 390, "200%"], ["a screen of 320 pixels", 320, "100%"]]) {
  test(`nothing sticks out with ${what}`, async ({ checker, page }) => {
    await page.setViewportSize({ width, height: 900 });
    await checker.open();
    await page.evaluate((letters) => { document.documentElement.style.fontSize = letters; }, letters);
    for (const [name, enter] of Object.entries(states)) {
      await enter(checker);
      await test.step(name, () => checker.expectNoOverflow());
      // Nothing is cut off either.
      const cut = await page.evaluate(() => [...document.querySelectorAll("main *")]
        .filter((element) => !element.closest(".visually-hidden") && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1)
        .filter((element) => ["hidden", "clip"].includes(getComputedStyle(element).overflowX))
        .map((element) => `${element.localName}.${element.className}: ${element.scrollWidth} > ${element.clientWidth}`));
      expect(cut, name).toEqual([]);
    }
  });
}

test("everything to click is at least 24 pixels high and wide", async ({ checker, page }) => {
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    await checker.open();
    for (const [name, enter] of Object.entries(states)) {
      await enter(checker);
      const small = await page.evaluate(() => [...document.querySelectorAll("a, button, summary, textarea, label.btn")]
        .filter((element) => element.checkVisibility() && !element.matches(".skip"))
        .map((element) => [element.textContent.trim().slice(0, 30), element.getBoundingClientRect()])
        .filter(([, { width, height }]) => width < 24 || height < 24)
        .map(([text, { width, height }]) => `${text}: ${width} x ${height}`));
      expect(small, `${name}, ${width} pixels`).toEqual([]);
    }
  }
});

test("nothing moves for people who asked for that", async ({ checker, page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await checker.open();
  await states.comparing(checker);
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((element) => {
    const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
    return animationName !== "none" || parseFloat(transitionDuration) > 0 || scrollBehavior === "smooth";
  }).map((element) => element.localName));
  expect(moving).toEqual([]);
});
