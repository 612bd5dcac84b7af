// axe finds nothing to complain about, in any state of the page, in both color schemes, on small and large screens.
import { AxeBuilder } from "@axe-core/playwright";
import { states } from "../support/states.mjs";
import { expect, test } from "../support/test.mjs";

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1280]) {
    test(`axe has nothing to say in any state, ${colorScheme}, ${width} pixels wide`, async ({ checker, page }) => {
      test.slow();
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await checker.open();
      for (const [name, enter] of Object.entries(states)) {
        await enter(checker);
        const { violations, passes } = await new AxeBuilder({ page })
          .setLegacyMode() // there are no frames, and another page to collect their results in costs a second
          .options({ rules: { "target-size": { enabled: true } } })
          .analyze();
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
        expect(found, name).toEqual([]);
        expect(passes.length, name).toBeGreaterThan(20);
      }
    });
  }
}
