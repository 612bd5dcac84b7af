import { defineConfig } from "@playwright/test";
import { chromium } from "./support/programs.mjs";

// Tests in everywhere/ run on each host, those in once/ on the static checker alone or on hosts that they start themselves.
// In story/ each test starts a server of its own, on nothing: setting it up cannot be done twice.
const hosts = ["static", "server", "platform"];

export default defineConfig({
  outputDir: ".results",
  globalSetup: "./support/ready.mjs",
  reporter: [["./support/figures.mjs"], ["list"]],
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  timeout: 30_000,
  projects: [
    ...hosts.map((host) => ({ name: host, testDir: "everywhere", use: { host } })),
    { name: "once", testDir: "once", use: { host: "static" } },
    { name: "story", testDir: "story" },
  ],
  use: {
    launchOptions: {
      executablePath: chromium(),
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
    viewport: { width: 1280, height: 900 },
    locale: "en-US",
    timezoneId: "Asia/Tokyo", // dates are UTC wherever the reader sits
  },
});
