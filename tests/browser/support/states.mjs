// The states that the page can be in, as functions that bring a checker there. Each starts by clearing the page.
import { expect } from "@playwright/test";
import { DAY, NOW, expired, issue, jwt, notYetValid, publicKey, valid, vectorText } from "./bundles.mjs";

const pasted = (text) => async (checker) => {
  await cleared(checker);
  await checker.paste(text);
  await expect(checker.headline).toBeVisible();
};

const cleared = async (checker) => {
  await checker.button("Clear").click();
  await expect(checker.verdict).toHaveText("");
};

const hostile = "<img src=x onerror=alert(1)> ".repeat(50) + "W".repeat(5_000) + " \u202etxet desrever\u202c A\u0300\u0301\u0302\u0303\u0304";
const more = { jti: '"lic_2"', exp: String(NOW + 730 * DAY), "scrydon.entitlements.cpuCores": "8", "scrydon.entitlements.ramGb": "128" };

export const states = {
  empty: cleared,
  valid: pasted(valid),
  expired: pasted(expired),
  "not-yet-valid": pasted(notYetValid),
  "bad-signature": pasted(vectorText("payload-one-character")),
  rejected: pasted(vectorText("issuer-other")),
  "weak-key": pasted(vectorText("key-1024-bits")),
  malformed: pasted(valid.slice(0, 700)),
  "private-key": pasted(vectorText("alone-private-key")),
  repairable: pasted(`\`\`\`json\n${valid}\`\`\`\n`),
  "bare-jwt": pasted(jwt),
  "bare-jwt-with-key": async (checker) => {
    await pasted(jwt)(checker);
    await checker.key.fill(publicKey);
    await expect(checker.headline).toHaveText(/^Undamaged/);
  },
  "comparing-half": async (checker) => {
    await pasted(valid)(checker);
    await checker.button("Compare with the current one").click();
  },
  comparing: async (checker) => {
    await pasted(issue(more))(checker);
    await checker.button("Compare with the current one").click();
    await checker.current.fill(valid);
    await expect(checker.table).toBeVisible();
  },
  hostile: pasted(issue({
    "scrydon.org": JSON.stringify(hostile), sub: JSON.stringify(hostile), "scrydon.features": JSON.stringify({ [hostile.slice(0, 300)]: true }),
  })),
  raw: async (checker) => {
    await pasted(valid)(checker);
    await checker.page.getByText("Header and claims as signed").click();
  },
  "by-hand": async (checker) => {
    await pasted(valid)(checker);
    await checker.page.evaluate(() => {
      Object.defineProperty(Navigator.prototype, "clipboard", { configurable: true, get: () => undefined });
      document.execCommand = () => false;
    });
    await checker.button("Copy summary").click();
    await expect(checker.byHand).toBeVisible();
  },
};
