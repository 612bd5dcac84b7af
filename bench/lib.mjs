// Statistics, tables, and waiting for programs.
import { spawn, spawnSync } from "node:child_process";

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The value below which this share of the numbers lies. */
export const quantile = (numbers, share) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
};
export const median = (numbers) => quantile(numbers, 0.5);
export const p95 = (numbers) => quantile(numbers, 0.95);
export const min = (numbers) => Math.min(...numbers);
export const max = (numbers) => Math.max(...numbers);

export const whole = (number) => Math.round(number).toLocaleString("en");
/** Milliseconds, or any other small number: three digits that count. */
export const ms = (number) => number.toFixed(number < 1 ? 3 : number < 10 ? 2 : number < 100 ? 1 : 0);
/** A ratio: `0.71`, `8.4`, `125`. */
export const ratio = (number) => number.toPrecision(Math.max(2, Math.floor(Math.log10(number)) + 1));

/** A table in Markdown that can be read as it stands: the first column to the left, the others to the right. */
export function table(head, rows) {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => max(all.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => column ? cell.padStart(widths[column]) : cell.padEnd(widths[column])).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column ? `${"-".repeat(width + 1)}:` : `:${"-".repeat(width + 1)}`)).join("|")}|`;
  return [line(all[0]), rule, ...all.slice(1).map(line)].join("\n");
}

/** What a program prints; throws unless it ends well. */
export function output(program, args, options) {
  const { status, stdout, error } = spawnSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 28, ...options });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? `it ended with ${status}`}`);
  return stdout;
}

/** Whether there is such a program. */
export const has = (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;

/** Starts a program and waits for the line that holds `mark`. Returns that line, its process and a function that ends it. */
export async function started(program, args, mark, { input, ...options } = {}) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], ...options });
  child.stdin.end(input);
  const ended = new Promise((ended) => child.once("exit", ended));
  const line = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
      const found = text.split("\n").slice(0, -1).find((line) => line.includes(mark));
      if (found) resolve(found);
    });
    child.once("error", reject);
    ended.then(() => reject(new Error(`${program} ended before it was ready`)));
  });
  const stop = () => { child.kill(); return ended; };
  return { line, pid: child.pid, stop };
}
