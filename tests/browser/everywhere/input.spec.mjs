// The ways in: typing and pasting, dropping, choosing a file, and the keyboard alone.
import { jwt, valid } from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

const TITLE = "Undamaged, and valid for 365 more days";

test("a pasted bundle is judged at once, without a button", async ({ checker }) => {
  await checker.open();
  await expect(checker.verdict).toHaveText("");
  await checker.paste(valid);
  await expect(checker.headline).toHaveText(TITLE);
  await expect(checker.fact("Organization")).toHaveText("Acme Corp");
});

test("a bundle from the clipboard is judged at once", async ({ checker, page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await checker.open();
  await page.evaluate((text) => navigator.clipboard.writeText(text), valid);
  await checker.bundle.focus();
  await page.keyboard.press("ControlOrMeta+V");
  await expect(checker.headline).toHaveText(TITLE);
});

test("a bundle that is typed is judged after each key", async ({ checker }) => {
  await checker.open();
  await checker.bundle.pressSequentially("{");
  await expect(checker.headline).toHaveText("The bundle is damaged");
  await checker.bundle.press("Backspace");
  await expect(checker.verdict).toHaveText("");
});

test("a dropped file is judged", async ({ checker }) => {
  await checker.open();
  await checker.drop({ name: "license.json", text: valid });
  await expect(checker.headline).toHaveText(TITLE);
  await expect(checker.bundle).toHaveValue(valid);
});

test("a dropped text is judged", async ({ checker, page }) => {
  await checker.open();
  const dataTransfer = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    return data;
  }, valid);
  await checker.bundle.dispatchEvent("drop", { dataTransfer });
  await expect(checker.headline).toHaveText(TITLE);
});

test("the box shows that a file hovers over it, and stops when the file leaves", async ({ checker, page }) => {
  await checker.open();
  const dataTransfer = await page.evaluateHandle(() => new DataTransfer());
  await expect(checker.bundle).toHaveCSS("border-style", "dashed");
  await checker.bundle.dispatchEvent("dragover", { dataTransfer });
  await expect(checker.bundle).toHaveCSS("border-style", "solid");
  await checker.bundle.dispatchEvent("dragleave", { dataTransfer });
  await expect(checker.bundle).toHaveCSS("border-style", "dashed");
});

test("a chosen file is judged, and may be chosen again after an edit", async ({ checker }) => {
  await checker.open();
  const file = { name: "license.json", mimeType: "application/json", buffer: Buffer.from(valid) };
  await checker.file.setInputFiles(file);
  await expect(checker.headline).toHaveText(TITLE);
  await checker.paste("{");
  await expect(checker.headline).toHaveText("The bundle is damaged");
  await checker.file.setInputFiles(file);
  await expect(checker.headline).toHaveText(TITLE);
});

test("a file that is no text is refused with a reason", async ({ checker }) => {
  await checker.open();
  await checker.drop({ name: "license.zip", bytes: Buffer.from([0x50, 0x4b, 3, 4, 0xff, 0xfe, 0, 0x80]) });
  await expect(checker.headline).toHaveText("This is not a license bundle");
});

test("the keyboard alone is enough", async ({ checker, page, host }) => {
  page.on("filechooser", (chooser) => chooser.setFiles({ name: "license.json", mimeType: "application/json", buffer: Buffer.from(valid) }));
  await checker.open();
  // What has the focus: its name, and whether that can be seen on it or on the label around it.
  const focused = () => page.evaluate(() => {
    const element = document.activeElement;
    const seen = [element, element.closest("label")].filter(Boolean).map((at) => getComputedStyle(at));
    const visible = seen.some(({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && parseFloat(outlineWidth) >= 2);
    const label = element.labels?.[0] ?? element;
    return `${label.textContent.trim()}${visible ? "" : " (focus not visible)"}`;
  });
  const order = async (count) => {
    const names = [];
    for (let i = 0; i < count; i += 1) {
      await page.keyboard.press("Tab");
      names.push(await focused());
    }
    return names;
  };

  const top = host === "static" ? ["Skip to content"] : ["Skip to content", "Countersign"];
  expect(await order(top.length + 4)).toEqual([
    ...top, "License bundle", "Choose a file", "Compare with the current one", "Clear",
  ]);
  await page.keyboard.press("Shift+Tab");
  const compare = checker.button("Compare with the current one");
  await page.keyboard.press("Space");
  await expect(compare).toHaveAttribute("aria-expanded", "true");
  await expect(checker.current).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(compare).toHaveAttribute("aria-expanded", "false");

  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Space");
  await expect(checker.headline).toHaveText(TITLE);
  await expect(checker.file).toBeFocused();

  expect(await order(6)).toEqual([
    "Compare with the current one", "Copy summary", "Print", "Clear", "Copy fingerprint", "Header and claims as signed",
  ]);
  await page.keyboard.press("Enter");
  expect(await order(2)).toHaveLength(2);
  await expect(page.getByRole("group", { name: "Claims" })).toBeFocused();

  await checker.button("Clear").focus();
  await page.keyboard.press("Enter");
  await expect(checker.bundle).toBeFocused();
  await expect(checker.bundle).toHaveValue("");
  await page.keyboard.insertText(jwt);
  await expect(checker.headline).toHaveText("Decoded, not verified");
});

test("the skip link leads to the content", async ({ checker, page }) => {
  await checker.open();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to content" });
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(checker.bundle).toBeFocused();
});

test("Clear forgets everything and puts the cursor into the box", async ({ checker }) => {
  await checker.open();
  await checker.paste(valid);
  await checker.button("Compare with the current one").click();
  await checker.current.fill(valid);
  await expect(checker.table).toBeVisible();
  await checker.button("Clear").click();
  await expect(checker.bundle).toBeFocused();
  await expect(checker.bundle).toHaveValue("");
  await expect(checker.verdict).toHaveText("");
  await expect(checker.facts).toHaveCount(0);
  await expect(checker.table).toHaveCount(0);
  await expect(checker.current).toBeHidden();
  await expect(checker.notice).toHaveText("Cleared.");
});

test("a file dropped beside the box does not make the browser leave the page", async ({ checker, page }) => {
  await checker.open();
  const prevented = await page.evaluate(() => ["header", "h1", "body"].map((place) => ["dragover", "drop"].map((kind) => {
    const data = new DataTransfer();
    data.items.add(new File(["{}"], "license.json"));
    return !document.querySelector(place).dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  })).flat());
  expect(prevented).toEqual(Array(6).fill(true));
});

test("a drop with neither file nor text leaves the box as it is", async ({ checker }) => {
  await checker.open();
  await checker.paste(valid);
  await checker.drop();
  await expect(checker.headline).toHaveText("Undamaged, and valid for 365 more days");
  await expect(checker.bundle).toHaveValue(valid);
});

test("a file of ten megabytes is not called one of eight", async ({ checker }) => {
  await checker.open();
  await checker.drop({ name: "large.bin", bytes: Buffer.alloc(10_000_000, "a") });
  await expect(checker.headline).toBeVisible();
  await expect(checker.body).not.toContainText("8192 KiB");
});
