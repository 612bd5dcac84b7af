// Pictures of pages, packed well: browsers hurry when they write one.
import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");

/** The same picture with at most 256 colors, the rare ones given up for the nearest of the others. 8 bits, RGB or RGBA. */
export function packed(png) {
  const { width, height, pixels } = decoded(png);
  const counts = new Map();
  for (const color of pixels) counts.set(color, (counts.get(color) ?? 0) + 1);
  const palette = [...counts].sort(([, a], [, b]) => b - a).slice(0, 256).map(([color]) => color);
  const index = new Map(palette.map((color, at) => [color, at]));
  const far = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + ((a >> 8 & 255) - (b >> 8 & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;
  for (const color of counts.keys()) {
    if (!index.has(color)) index.set(color, palette.reduce((best, one, at) => far(color, one) < far(color, palette[best]) ? at : best, 0));
  }
  const rows = Buffer.alloc(height * (width + 1)); // each begins with its filter: none
  pixels.forEach((color, at) => { rows[Math.floor(at / width) * (width + 1) + 1 + at % width] = index.get(color); });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, by palette
  const colors = Buffer.from(palette.flatMap((color) => [color >> 16, color >> 8 & 255, color & 255]));
  const chunks = [["IHDR", header], ["PLTE", colors], ["IDAT", deflateSync(rows, { level: 9, memLevel: 9 })], ["IEND", Buffer.alloc(0)]];
  return Buffer.concat([SIGNATURE, ...chunks.map(([type, data]) => chunk(type, data))]);
}

function decoded(png) {
  const data = [];
  let header;
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at), type = png.toString("latin1", at + 4, at + 8), content = png.subarray(at + 8, at + 8 + length);
    if (type === "IHDR") header = content;
    if (type === "IDAT") data.push(content);
    at += length + 12;
  }
  const [width, height, bits, kind, , , interlaced] = [header.readUInt32BE(0), header.readUInt32BE(4), ...header.subarray(8)];
  const bytes = { 2: 3, 6: 4 }[kind];
  if (bits !== 8 || !bytes || interlaced) throw new Error("this is no picture as browsers take them of pages");
  const raw = inflateSync(Buffer.concat(data)), line = width * bytes, pixels = new Uint32Array(width * height);
  let above = Buffer.alloc(line);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (line + 1)], row = Buffer.from(raw.subarray(y * (line + 1) + 1, (y + 1) * (line + 1)));
    for (let x = 0; x < line; x += 1) {
      const left = x < bytes ? 0 : row[x - bytes], up = above[x], corner = x < bytes ? 0 : above[x - bytes];
      row[x] += [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
    for (let x = 0; x < width; x += 1) pixels[y * width + x] = row[x * bytes] << 16 | row[x * bytes + 1] << 8 | row[x * bytes + 2];
    above = row;
  }
  return { width, height, pixels };
}

/** PNG (third edition), section 9.4. */
function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((one) => Math.abs(guess - one));
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function chunk(type, data) {
  const content = Buffer.concat([Buffer.from(type, "latin1"), data]), ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  let sum = -1;
  for (const byte of content) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? sum >>> 1 ^ 0xedb88320 : sum >>> 1;
  }
  ends.writeUInt32BE(~sum >>> 0, 4);
  return Buffer.concat([ends.subarray(0, 4), content, ends.subarray(4)]);
}
