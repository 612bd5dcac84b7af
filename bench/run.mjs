#!/usr/bin/env node
// Everything that is timed, in one run: prints what it finds and writes it to RESULTS.md. `make bench` builds what this needs.
//   node bench/run.mjs --verify PROGRAM [--date TEXT]
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { countersign, target } from "../tests/browser/support/programs.mjs";
import { browser } from "./browser.mjs";
import { claims } from "./claims.mjs";
import { table } from "./lib.mjs";
import { native } from "./native.mjs";
import { commandLine, server } from "./program.mjs";
import { replicas } from "./replicas.mjs";
import { scale } from "./scale.mjs";
import { weight } from "./weight.mjs";

const { values } = parseArgs({ options: { verify: { type: "string" }, date: { type: "string" } } });
const program = countersign();

const { dependencies } = JSON.parse(readFileSync(new URL("peer/package.json", import.meta.url), "utf8"));
const peer = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
const version = (name, ...args) => (spawnSync(name, args, { encoding: "utf8" }).stdout ?? "").split(" ").slice(0, 2).join(" ").trim();
const busy = () => loadavg()[0].toFixed(1);

const before = busy();
console.log("natively, beside openssl (a minute and a half)");
const natively = native(values.verify);
console.log("in the browser (half a minute)");
const inBrowser = await browser(join(target, "wasm-tests"));
console.log("the programs (half a minute)");
const programs = `${commandLine(program)}\n\n${await server(program)}`;
console.log("get-claims and authorize, beside the peer (two minutes)");
const asked = await claims(program);
console.log("get-claims on PostgreSQL, by one, two and three replicas (a minute)");
const together = await replicas(program);
console.log("everything beside a million rows (three minutes)\n");
const grown = await scale(program);

const [{ model }] = cpus();
const about = [
  ["processor", `${model.trim()}, ${cpus().length} cores`],
  ["memory", `${Math.round(totalmem() / 2 ** 30)} GiB`],
  ["busy (load average)", `${before} at the beginning, ${busy()} at the end`],
  ["versions", [version("rustc", "--version"), version("openssl", "version"), `Chromium ${inBrowser.version}`, `Node ${process.versions.node}`, ...peer].filter(Boolean).join(", ")],
  ...(values.date ? [["date", values.date]] : []),
];

const results = `# Results

One run of \`make bench\`, which writes this file. What each figure means: [README.md](README.md). Other programs share the
machine, so compare figures with their neighbors in the same table, not with those of another run or another machine.

${table(["", "this run"], about)}

## Weight

${weight(target, inBrowser.wasm)}

## Natively

${natively}

## In the browser

${inBrowser.text}

## Command line and server

${programs}

## get-claims and authorize

${asked}

## get-claims on PostgreSQL, with one, two and three replicas

${together}

## With a thousand rows, and with a million

${grown}
`;
console.log(results);
writeFileSync(new URL("RESULTS.md", import.meta.url), results);
