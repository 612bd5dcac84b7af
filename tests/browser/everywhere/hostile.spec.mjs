// Names that a stranger put into a token: shown as text, letter by letter, and kept in their place.
import { issue, valid, vector, vectorNames } from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

const named = vectorNames.map(vector).filter(({ expect }) => expect.organization !== undefined);
const worst = {
  "10,000 letters without a break": "W".repeat(10_000),
  "letters of two directions": "\u202eabc\u2066אבג ".repeat(400),
  "a tower of accents": `A${"\u0300".repeat(3_000)} Corp`,
  "markup": `</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1"><!-- `.repeat(20),
  "a page of line breaks": "Acme\n".repeat(500),
};

/** How many elements of each kind there are in the page. */
const census = (page) => page.evaluate(() => {
  const count = {};
  for (const { localName } of document.querySelectorAll("*")) count[localName] = (count[localName] ?? 0) + 1;
  return count;
});

test("every hostile organization is shown letter by letter, and makes no element of its own", async ({ checker, page }) => {
  test.slow();
  expect(named.length).toBeGreaterThanOrEqual(15);
  await checker.open();
  await checker.paste(vector("valid").bytes.toString());
  await expect(checker.headline).toBeVisible();
  const elements = await census(page);
  for (const { name, bytes, expect: { organization } } of named) {
    await checker.paste(bytes.toString());
    await expect.poll(() => checker.fact("Organization").evaluate((element) => element.textContent), name).toBe(organization);
    expect(await census(page), name).toEqual(elements);
    await checker.expectNoOverflow();
  }
  expect(await page.evaluate(() => window.hacked)).toBeUndefined();
});

test("hostile names of features, identifiers and headers make no element of their own", async ({ checker, page }) => {
  await checker.open();
  for (const name of ["features-hostile-names", "hostile-jti", "hostile-sub", "algorithm-hostile", "issuer-hostile", "tier-hostile", "duplicate-hostile-name", "key-hostile-label"]) {
    await checker.paste(vector(name).bytes.toString());
    await expect(checker.headline).toBeVisible();
    const { script = 0, img = 0, iframe = 0 } = await census(page);
    expect({ script, img, iframe }, name).toEqual({ script: 1, img: 0, iframe: 0 });
    await checker.expectNoOverflow();
  }
});

for (const width of [390, 1280]) {
  for (const [what, organization] of Object.entries(worst)) {
    test(`${what} in all names leave the layout whole at ${width} pixels`, async ({ checker, page }) => {
      await page.setViewportSize({ width, height: 900 });
      await checker.open();
      await checker.paste(valid);
      const heading = page.getByRole("heading", { name: "Checks" });
      await expect(heading).toBeVisible();
      const plain = await heading.boundingBox();

      const text = JSON.stringify(organization);
      const features = JSON.stringify({ analytics: true, [organization.slice(0, 500)]: true });
      await checker.paste(issue({ "scrydon.org": text, sub: text, jti: text, "scrydon.features": features }));
      await expect.poll(() => checker.fact("Organization").evaluate((element) => element.textContent)).toBe(organization);
      await checker.expectNoOverflow();

      // The heading of the ladder stands where it stood, further down by what bounded values may take, and nothing covers it.
      const hostile = await heading.boundingBox();
      expect(hostile.x).toBe(plain.x);
      expect(hostile.y - plain.y).toBeLessThan(900);
      await heading.scrollIntoViewIfNeeded();
      const isOnTop = await heading.evaluate((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return element.contains(document.elementFromPoint(x + Math.min(width / 2, 20), y + height / 2));
      });
      expect(isOnTop).toBe(true);
      await expect(page.getByRole("banner")).toContainText("Countersign");
    });
  }
}

test("hostile names stay in their cells of the comparison", async ({ checker, page }) => {
  await page.setViewportSize({ width: 390, height: 900 });
  await checker.open();
  const hostile = issue({ "scrydon.org": JSON.stringify(worst["10,000 letters without a break"]), jti: JSON.stringify(worst.markup) });
  await checker.drop({ name: "new.json", text: hostile }, { name: "old.json", text: valid });
  await expect(checker.table).toBeVisible();
  await checker.expectNoOverflow();
  await page.setViewportSize({ width: 1280, height: 900 });
  await checker.expectNoOverflow();
  expect(await page.evaluate(() => window.hacked)).toBeUndefined();
});

test("a backtick in an issuer's name is seen", async ({ checker }) => {
  await checker.open();
  await checker.paste(issue({ iss: '"scrydon`-license"' }));
  await expect(checker.headline).toHaveText("Not a license for this product");
  await expect(checker.body).not.toContainText("Issued by scrydon-license,");
});
