// A renewal beside the license in use.
import { DAY, NOW, expired, issue, jwt, valid } from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

const renewed = issue({ jti: '"lic_2"', exp: String(NOW + 730 * DAY), "scrydon.entitlements.cpuCores": "8", "scrydon.entitlements.ramGb": "128" });

/** The rows of the table: what changed, by field. */
const rows = (checker) => checker.table.getByRole("row").evaluateAll((rows) => rows.slice(1).map((row) => ({
  cells: [...row.cells].map((cell) => cell.textContent),
  changed: row.classList.contains("changed"),
})));

test("a renewal is compared with the current license, field by field", async ({ checker, page }) => {
  await checker.open();
  await checker.paste(renewed);
  await checker.button("Compare with the current one").click();
  await expect(page.getByText("Paste both bundles to see what the new one changes.")).toBeVisible();
  await checker.current.fill(issue());
  await expect(page.getByRole("heading", { name: "What the new bundle changes" })).toBeVisible();
  await expect(checker.table.getByRole("columnheader")).toHaveText(["Field", "Current", "New", "Change"]);

  const found = await rows(checker);
  const changed = found.filter(({ changed }) => changed).map(({ cells }) => cells);
  expect(changed.map(([field, before, after]) => [field, before, after])).toEqual([
    ["License", "lic_abc123", "lic_2"],
    ["CPU", "16 cores", "8 cores"],
    ["Memory", "64 GB", "128 GB"],
    ["Expires", expect.stringContaining("2027"), expect.stringContaining("2028")],
  ]);
  // Nothing is told by color alone: each change has a word, and what stays has none.
  expect(found.filter(({ cells, changed }) => (cells[3] !== "") !== changed)).toEqual([]);
  expect(found.length).toBeGreaterThan(changed.length);
});

test("beside the bundle in use, the same key is blue: known, and no more than that", async ({ checker }) => {
  await checker.open();
  await checker.drop({ name: "new.json", text: renewed }, { name: "old.json", text: valid });
  await expect(checker.verdict.locator(".verdict")).toHaveClass("verdict known");
  await expect(checker.body).toHaveText(/same key/);
  await checker.current.fill(issue({}, "rsa2048-other"));
  await expect(checker.verdict.locator(".verdict")).toHaveClass("verdict warn");
});

test("on a phone too, it is said which column is which", async ({ checker, page }) => {
  await page.setViewportSize({ width: 390, height: 900 });
  await checker.open();
  await checker.drop({ name: "new.json", text: renewed }, { name: "old.json", text: valid });
  for (const name of ["Current", "New"]) await expect(checker.table.getByText(name, { exact: true })).toBeVisible();
});

test("the same bundle on both sides is called the same", async ({ checker, page }) => {
  await checker.open();
  await checker.drop({ name: "new.json", text: valid }, { name: "old.json", text: valid });
  await expect(page.getByRole("heading", { name: "Both bundles hold the same license" })).toBeVisible();
  expect((await rows(checker)).filter(({ changed }) => changed)).toEqual([]);
});

test("two files dropped at once are compared", async ({ checker }) => {
  await checker.open();
  await checker.drop({ name: "new.json", text: renewed }, { name: "old.json", text: valid });
  await expect(checker.current).toHaveValue(valid);
  await expect(checker.bundle).toHaveValue(renewed);
  await expect(checker.table).toBeVisible();
});

test("a bundle without a license in it is not compared, and the page says which and why", async ({ checker, page }) => {
  await checker.open();
  await checker.drop({ name: "new.json", text: valid }, { name: "old.json", text: valid.slice(0, 200) });
  await expect(page.getByText("The bundle in use now cannot be compared. The bundle is damaged.")).toBeVisible();
  await checker.current.fill(valid);
  await checker.paste(jwt);
  await expect(page.getByText("The new bundle cannot be compared. Decoded, not verified.")).toBeVisible();
  await expect(checker.table).toHaveCount(0);
});

test("the comparison closes again", async ({ checker }) => {
  await checker.open();
  await checker.drop({ name: "new.json", text: renewed }, { name: "old.json", text: valid });
  await expect(checker.table).toBeVisible();
  await checker.button("Compare with the current one").click();
  await expect(checker.table).toHaveCount(0);
  await expect(checker.current).toBeHidden();
});

test("a file dropped onto the box of the current bundle lands there", async ({ checker, page }) => {
  await checker.open();
  await checker.paste(valid);
  await checker.button("Compare with the current one").click();
  const dataTransfer = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "current.json"));
    return data;
  }, expired);
  await checker.current.dispatchEvent("drop", { dataTransfer });
  await expect(checker.current).toHaveValue(expired);
  await expect(checker.bundle).toHaveValue(valid);
});
