// Bytes as a JavaScript template literal: the text form that is smallest once the file is compressed with brotli.
//
// Measured on a 212,074-byte wasm of ours (brotli 11; the wasm by itself: 77,553):
//   one character per byte, each byte XOR 75   78,436   <- this
//   one character per byte                     78,892
//   by frequency, commonest bytes to ASCII     82,016   (it hides from brotli which bytes are neighbours)
//   hexadecimal                                82,847
//   base64 of deflate                          91,460
//   base64                                    102,389
// A byte from 0x80 up takes two bytes in UTF-8; it is one byte in ten, and brotli foresees the first of the two.
// The XOR moves the commonest bytes away from the characters that need a backslash; 75 was the best of all 256.
import { KEY } from "../boot/decode.js";

const ESCAPES = { "\\": "\\\\", "`": "\\`", "${": "\\${", "\r": "\\r" }; // a bare CR would be read as LF

export function literal(bytes) {
  const text = Buffer.from(bytes.map((byte) => byte ^ KEY)).toString("latin1");
  return "`" + text.replace(/[\\`\r]|\$\{/g, (found) => ESCAPES[found]) + "`";
}
