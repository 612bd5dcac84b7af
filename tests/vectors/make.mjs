#!/usr/bin/env node
// Makes the vectors: one file for each in cases/, and the fuzzers' first inputs.
//
//   node make.mjs            writes what differs and removes what is no vector any more
//   node make.mjs --check    writes nothing; fails if a file is not what this makes
//   node make.mjs --bundle   prints all vectors as one JSON array, each with its name

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { NOW } from './build.mjs';
import { vectors } from './cases.mjs';
import { seeds } from './seeds.mjs';
import { serverSeeds } from './server-seeds.mjs';

const here = path => new URL(path, import.meta.url);

/** A long text as a list of texts and repetitions, so that files stay small. */
function shortened(text) {
  if (text.length < 8192) return text;
  const parts = [];
  let plain = 0;
  const push = piece => { if (piece) parts.push(piece); };
  for (let at = 0; at < text.length;) {
    let best = { period: 0, end: at };
    for (let period = 1; period <= 16; period++) {
      let end = at + period;
      while (end < text.length && text[end] === text[end - period]) end++;
      end -= (end - at) % period;
      if (end - at >= 512 && end > best.end) best = { period, end };
    }
    if (best.period) {
      push(text.slice(plain, at));
      parts.push({ repeat: text.slice(at, at + best.period), times: (best.end - at) / best.period });
      plain = at = best.end;
    } else at++;
  }
  push(text.slice(plain));
  return parts.every(part => typeof part === 'string') ? text : parts;
}

function written(input) {
  if (Array.isArray(input)) return { inputParts: input.filter(part => part !== '') };
  if (Buffer.isBuffer(input) && !isUtf8(input)) return { inputBase64: input.toString('base64') };
  const short = shortened(input.toString());
  return Array.isArray(short) ? { inputParts: short } : { input: short };
}

/** A vector as its file says it. */
function file({ about, input, expect, now = NOW, trusted = [], repaired = false, key, detailContains, expiresInSeconds, organization }) {
  return { about, now, trusted, ...written(input), expect: { ...expect, repaired, key, expiresInSeconds, organization, detailContains } };
}

const files = new Map(vectors.map(vector => [`cases/${vector.name}.json`, JSON.stringify(file(vector), null, 2) + '\n']));
for (const [path, content] of [...seeds(vectors), ...serverSeeds(vectors)]) files.set(path, content);

const mode = process.argv[2] ?? '';
if (mode === '--bundle') {
  process.stdout.write(JSON.stringify(vectors.map(vector => ({ name: vector.name, ...file(vector) }))) + '\n');
} else if (mode === '' || mode === '--check') {
  const folders = new Set([...files.keys()].map(path => path.slice(0, path.lastIndexOf('/') + 1)));
  const existing = [...folders].flatMap(folder => {
    try { return readdirSync(here(folder)).map(name => folder + name); } catch { return []; }
  });
  const same = path => {
    try { return readFileSync(here(path)).equals(Buffer.from(files.get(path))); } catch { return false; }
  };
  const differing = [...files.keys()].filter(path => !same(path));
  const foreign = existing.filter(path => !files.has(path));
  if (mode === '--check') {
    for (const path of differing) console.error(`not what make.mjs makes: ${path}`);
    for (const path of foreign) console.error(`not a vector: ${path}`);
    if (differing.length + foreign.length) process.exit(1);
    console.log(`${vectors.length} vectors are as make.mjs makes them`);
  } else {
    for (const folder of folders) mkdirSync(here(folder), { recursive: true });
    for (const path of differing) writeFileSync(here(path), files.get(path));
    for (const path of foreign) rmSync(here(path));
    console.log(`${vectors.length} vectors: ${differing.length} files written, ${foreign.length} removed`);
  }
} else {
  console.error('usage: node make.mjs [--check | --bundle]');
  process.exit(2);
}
