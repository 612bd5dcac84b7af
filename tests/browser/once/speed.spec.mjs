// From a paste to its verdict in the page: at most 50 milliseconds, the first time too.
import { issue } from "../support/bundles.mjs";
import { expect, test } from "../support/test.mjs";

// Other programs may be using the machine: a measurement that was disturbed is taken again.
test.describe.configure({ retries: 3, mode: "serial" });

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Milliseconds from the input event until the verdict stands in the page, for each of these texts in turn. */
const measure = (page, texts) => page.evaluate(async (texts) => {
  const box = document.querySelector("#bundle");
  const region = document.querySelectorAll('[role="status"]')[1];
  const times = [];
  for (const text of texts) {
    const changed = new Promise((resolve) => {
      const observer = new MutationObserver(() => { observer.disconnect(); resolve(performance.now()); });
      observer.observe(region, { childList: true, subtree: true });
    });
    box.value = text;
    const start = performance.now();
    box.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", bubbles: true }));
    times.push(await changed - start);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return times;
}, texts);

// Each differs from the one before by its verdict, so that the page has something to change.
const bundles = Array.from({ length: 20 }, (_, day) => issue({ exp: String(4_000_000_000 + day * 86_400) }));

test("a paste is judged within 50 milliseconds", async ({ checker, page }, info) => {
  await checker.open({ now: null });
  const [first, ...rest] = await measure(page, bundles);
  info.annotations.push({ type: "figure", description: `paste to verdict: first ${first.toFixed(1)} ms, median of ${rest.length} more ${median(rest).toFixed(1)} ms, worst ${Math.max(...rest).toFixed(1)} ms` });
  expect(median(rest)).toBeLessThanOrEqual(50);
  expect(first).toBeLessThanOrEqual(50);
});
