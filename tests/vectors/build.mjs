// What vectors are made of: keys, tokens, bundles, DER. Everything is deterministic.

import * as crypto from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Each vector is judged at this instant unless it says otherwise: 21 September 2026. */
export const NOW = 1790000000;

/** The file of that name in keys/. */
export const keyFile = name => readFileSync(new URL(`keys/${name}.pem`, import.meta.url), 'utf8');

const privateKeys = new Map();
export function privateKey(name) {
  if (!privateKeys.has(name)) privateKeys.set(name, crypto.createPrivateKey(keyFile(name)));
  return privateKeys.get(name);
}

const publicKey = name => crypto.createPublicKey(privateKey(name));

/** The public half as PEM, as a bundle carries it. */
export const pem = name => publicKey(name).export({ type: 'spki', format: 'pem' });
export const spki = name => publicKey(name).export({ type: 'spki', format: 'der' });
export const jwk = name => privateKey(name).export({ format: 'jwk' });
export const publicJwk = name => publicKey(name).export({ format: 'jwk' });

/** SHA-256 of the SubjectPublicKeyInfo, as people compare it. */
export const fingerprint = name => crypto.createHash('sha256').update(spki(name)).digest('hex');

/** A key of any bytes in a block of any label. */
export function armor(der, label = 'PUBLIC KEY', columns = 64) {
  const body = der.toString('base64').match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...body, `-----END ${label}-----`, ''].join('\n');
}

// ---- numbers and DER

export const bigint = bytes => BigInt(`0x${bytes.toString('hex') || '0'}`);

export function bytesOf(number, length) {
  const hex = number.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return length === undefined ? bytes : Buffer.concat([Buffer.alloc(length - bytes.length), bytes]);
}

export function rsaNumbers(name) {
  const { n, e, d } = jwk(name);
  const [N, E, D] = [n, e, d].map(text => bigint(Buffer.from(text, 'base64url')));
  return { n: N, e: E, d: D, size: Buffer.from(n, 'base64url').length };
}

export function der(tag, ...contents) {
  const content = Buffer.concat(contents);
  const length = content.length;
  const bytes = length < 128 ? [length] : [0x80 | bytesOf(BigInt(length)).length, ...bytesOf(BigInt(length))];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

export function derInteger(number) {
  const bytes = bytesOf(number);
  return der(0x02, bytes[0] & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export const derNull = Buffer.from([0x05, 0x00]);
/** An object identifier, given by its encoded content in hexadecimal. */
export const derOid = hex => der(0x06, Buffer.from(hex, 'hex'));
export const RSA_OID = '2a864886f70d010101';

/** A SubjectPublicKeyInfo, part by part. */
export function makeSpki({ n, e, oid = RSA_OID, parameters = derNull, numbers = der(0x30, derInteger(n), derInteger(e)), unused = 0 }) {
  return der(0x30, der(0x30, derOid(oid), parameters), der(0x03, Buffer.from([unused]), numbers));
}

/** A PEM key of these numbers, with or without meaning. */
export const pemOf = numbers => armor(makeSpki(numbers));

/** A number of exactly so many bits, odd, always the same. */
export function oddNumber(bits) {
  const bytes = Buffer.alloc(Math.ceil(bits / 8));
  for (let at = 0; at < bytes.length; at += 32) {
    crypto.createHash('sha256').update(`countersign ${bits} ${at}`).digest().copy(bytes, at);
  }
  return BigInt.asUintN(bits, bigint(bytes)) | (1n << BigInt(bits - 1)) | 1n;
}

// ---- claims: each value is JSON text, so that a vector says exactly what stands in its payload

const CLAIMS = {
  sub: '"cust_acme"',
  iss: '"scrydon-license"',
  aud: '"scrydon-platform"',
  exp: String(NOW + 365 * 86400),
  jti: '"lic_abc123"',
  scrydon: {
    org: '"Acme Corp"',
    tier: '"enterprise"',
    entitlements: { cpuCores: '16', ramGb: '64', vramGb: '0' },
  },
};

/** The claims of the seed document with some of them changed: `{ 'scrydon.tier': '"gold"', jti: null }`; null removes. */
export function claims(changes = {}) {
  const all = structuredClone(CLAIMS);
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop();
    const object = names.reduce((at, name) => at[name], all);
    if (value === null) delete object[last];
    else object[last] = value;
  }
  const write = value => typeof value === 'string'
    ? value
    : `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join(',')}}`;
  return write(all);
}

// ---- tokens

export const HEADER = '{"alg":"RS256","typ":"JWT"}';

export const base64url = data => Buffer.from(data).toString('base64url');

/** RSASSA-PKCS1-v1_5 over a hash. */
export const rs = (hash, name) => data => crypto.sign(`RSA-${hash}`, data, privateKey(name));

/** A compact JWS. `sign` takes the signing input and returns the signature's bytes. */
export function token({ header = HEADER, payload = claims(), key = 'rsa2048', sign = rs('SHA256', key) } = {}) {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${base64url(sign(Buffer.from(input)))}`;
}

/** A token whose three segments are given as they stand, signed as they stand. */
export function signedSegments(header, payload, key = 'rsa2048') {
  const input = `${header}.${payload}`;
  return `${input}.${base64url(rs('SHA256', key)(Buffer.from(input)))}`;
}

export const hmac = (hash, secret) => data => crypto.createHmac(hash, secret).update(data).digest();
/** RSASSA-PSS without salt, the one form of it that is deterministic. */
export const pss = name => data => crypto.sign('sha256', data, {
  key: privateKey(name), padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 0,
});
export const ed25519 = data => crypto.sign(null, data, privateKey('ed25519'));

/** The private operation alone, over an encoded message of the modulus' length. */
export const raw = (name, message) =>
  crypto.privateEncrypt({ key: privateKey(name), padding: crypto.constants.RSA_NO_PADDING }, message);

export const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');
export const sha256 = data => crypto.createHash('sha256').update(data).digest();

/** EMSA-PKCS1-v1_5, each part of it replaceable. */
export function encoded(data, { size = 256, type = 1, fill = 0xff, info = SHA256_INFO, hash = sha256(data), after = Buffer.alloc(0), padding } = {}) {
  const tail = Buffer.concat([Buffer.from([0]), info, hash, after]);
  const length = padding ?? size - 2 - tail.length;
  const message = Buffer.concat([Buffer.from([0, type]), Buffer.alloc(length, fill), tail]);
  return Buffer.concat([message, Buffer.alloc(size - message.length)]);
}

/** The whole part of a cube root. */
export function cubeRoot(number) {
  let low = 0n, high = 1n << BigInt(Math.ceil(number.toString(2).length / 3) + 1);
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (middle ** 3n <= number) low = middle;
    else high = middle - 1n;
  }
  return low;
}

/** The same token with one character changed. */
export function changed(text, at) {
  const place = at < 0 ? text.length + at : at;
  return text.slice(0, place) + (text[place] === 'A' ? 'B' : 'A') + text.slice(place + 1);
}

/** The segment with an unused bit of its last character set: it decodes to the same bytes, but is not how they are written. */
export function withUnusedBit(segment) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  if (segment.length % 4 === 0) throw new Error('this segment has no unused bits');
  return segment.slice(0, -1) + alphabet[alphabet.indexOf(segment.at(-1)) | 1];
}

// ---- bundles

export const JWT = token();
export const PEM = pem('rsa2048');

/** A bundle as the vendor ships it. */
export const bundle = (jwt = JWT, key = PEM, more = {}) => JSON.stringify({ jwt, publicKey: key, ...more }, null, 2) + '\n';
