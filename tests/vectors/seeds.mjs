// The fuzzers' first inputs, taken from the vectors: one small example of each kind.

const FOLDER = '../../license/fuzz/seeds/';
const SMALL = 4096;

function members(input) {
  try {
    const { jwt, publicKey } = JSON.parse(input.toString());
    return { jwt, publicKey };
  } catch {
    return {};
  }
}

/** Pairs of path and content. */
export function seeds(vectors) {
  const files = new Map();
  const kinds = new Set();
  // The first vector of each kind; what a kind is differs from fuzzer to fuzzer.
  const add = (fuzzer, kind, name, content) => {
    if (typeof content === 'string') content = Buffer.from(content);
    if (!Buffer.isBuffer(content) || content.length === 0 || content.length > SMALL || kinds.has(`${fuzzer} ${kind}`)) return;
    kinds.add(`${fuzzer} ${kind}`);
    files.set(`${FOLDER}${fuzzer}/${name}`, content);
  };
  for (const { name, input, expect } of vectors) {
    if (Array.isArray(input)) continue;
    const { checks } = expect;
    add('bundle', `${checks.format} ${checks.key} ${checks.algorithm}`, name, input);
    const { jwt, publicKey } = members(input);
    const isMangled = name.startsWith('pem-');
    add('key', isMangled ? name : checks.key, name, publicKey);
    add('token', `${checks.format} ${checks.algorithm} ${checks.signature}`, name, jwt);
    if (typeof jwt !== 'string' || !/^[\w-]+\.[\w-]+\.[\w-]*$/.test(jwt)) continue;
    const kind = ['format', 'issuer', 'audience', 'claims', 'not-before', 'expiry'].map(row => checks[row]).join();
    add('claims', kind, name, Buffer.from(jwt.split('.')[1], 'base64url'));
    if (/^(features|cpu-cores|exp|nbf)-/.test(name)) add('claims', name, name, Buffer.from(jwt.split('.')[1], 'base64url'));
  }
  return files;
}
