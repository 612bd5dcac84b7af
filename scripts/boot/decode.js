// The wasm travels inside the script as text, one character per byte. scripts/pack/literal.mjs writes that text
// and says why each byte is XORed.
export const KEY = 75;

export function decode(text) {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i) ^ KEY;
  return bytes;
}
