// Every vector: its name, what it is, its input and what an inspection must say.
//
// Expectations are written by hand from DESIGN.md, sections 1 and 3, never copied from a program's output.

import * as crypto from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import * as b from './build.mjs';
import {
  NOW, HEADER, JWT, PEM, armor, base64url, bundle, claims, der, derInteger, derNull, derOid, encoded, keyFile, pem, pemOf, raw, rs,
  rsaNumbers, signedSegments, spki, token,
} from './build.mjs';
import {
  badSignature, bare, expired, malformed, malformedHeader, malformedPayload, malformedToken, notYetValid, refusedAlgorithm, refusedAudience,
  refusedClaims, refusedIssuer, refusedKey, unread, valid, withoutKey, withoutToken,
} from './expect.mjs';

export const vectors = [];

/** `more`: now, trusted, repaired, detailContains, key, expiresInSeconds, organization. */
function vector(name, about, input, expect, more = {}) {
  if (vectors.some(other => other.name === name)) throw new Error(`two vectors are named ${name}`);
  vectors.push({ name, about, input, expect, ...more });
}

const YEAR = 365 * 86400;
const [HEAD, BODY, SIGNATURE] = JWT.split('.');
const BODY_LINES = PEM.trim().split('\n').slice(1, -1);
const KEY_BODY = BODY_LINES.join('');
const other = pem('rsa2048-other');
const started = { 'not-before': 'pass started' };

/** A valid bundle of a token with these claims. */
const withClaims = changes => bundle(token({ payload: claims(changes) }));
const withHeader = header => bundle(token({ header }));
const withPayload = payload => bundle(token({ payload }));
const withSignature = sign => bundle(token({ sign }));
const withKey = key => bundle(JWT, key);

// ---------------------------------------------------------------- valid bundles

vector('valid', 'The bundle of the licensing document, a year before its end.', bundle(), valid(),
  { expiresInSeconds: YEAR, key: { bits: 2048, exponent: 65537 }, organization: 'Acme Corp' });
vector('valid-all-claims', 'Every optional claim is there, each of its type.', withClaims({
  iat: '1789000000', nbf: '1789000000', 'scrydon.features': '{"analytics":true,"agentic":false,"maxUsers":250}',
}), valid(started));
vector('valid-other-members', 'The bundle has members besides the two; they are ignored.',
  bundle(JWT, PEM, { comment: 'issued by hand', version: 2, meta: { a: [1, null] } }), valid());
// Whatever is wrong inside a member that nobody reads is nobody's business, as long as the whole is JSON.
const besides = (text) => `{"note":${text},"jwt":${JSON.stringify(JWT)},"publicKey":${JSON.stringify(PEM)}}`;
vector('valid-other-member-duplicates', 'Inside another member, a name stands twice.', besides('{"a":1,"b":{"c":1,"c":2}}'), valid());
vector('valid-other-member-deep', 'Another member nests 5,000 levels deep.', besides('['.repeat(5000) + ']'.repeat(5000)), valid());
vector('valid-other-member-surrogate', 'Another member holds half of a surrogate pair.', besides('"\\ud800"'), valid());
vector('valid-other-member-number', 'Another member is a number that no program can hold.', besides('1e400'), valid());
vector('valid-one-line', 'The JSON has no white space at all.', JSON.stringify({ publicKey: PEM, jwt: JWT }), valid());
vector('valid-escaped-names', 'Both member names are written with escapes; each still stands once.',
  `{"\\u006awt":${JSON.stringify(JWT)},"public\\u004bey":${JSON.stringify(PEM)}}`, valid());
vector('valid-escaped-text', 'Token and key are written with needless escapes: `\\/` for `/` and a code point for `-`.',
  bundle().replaceAll('/', '\\/').replaceAll('-', '\\u002d'), valid());
vector('valid-pretty-payload', 'Header and payload are indented JSON with white space around: the signature is over bytes.',
  bundle(token({ header: ' {\n "alg" : "RS256" }\n', payload: `\n${JSON.stringify(JSON.parse(claims()), null, 2)}\n` })), valid());
vector('valid-escaped-header', 'The algorithm and its member are written with escapes, which change nothing.',
  withHeader('{"\\u0061lg":"\\u0052S256"}'), valid());
vector('valid-no-typ', 'The header has nothing but the algorithm.', withHeader('{"alg":"RS256"}'), valid());
vector('valid-typ-other', 'The header has another `typ`, for which there is no rule.', withHeader('{"alg":"RS256","typ":"license+jwt"}'), valid());
vector('valid-unknown-claims', 'The claims have members that nobody knows, one named as JavaScript’s prototype.',
  withPayload(claims().replace('{', '{"__proto__":{"admin":true},"constructor":null,"scope":"a b",')), valid());
vector('valid-self-made', 'Anybody can make a key pair and sign “enterprise, 9999 cores, 2099”: undamaged, and only the bundle vouches for it.',
  bundle(token({ key: 'rsa2048-other', payload: claims({
    exp: '4102444799', 'scrydon.org': '"Mallory Ltd"', 'scrydon.entitlements.cpuCores': '9999', 'scrydon.entitlements.ramGb': '99999',
  }) }), other), valid());
vector('valid-pinned', 'The key’s fingerprint is on the trusted list.', bundle(), valid({ trust: 'pass pinned' }),
  { trusted: [b.fingerprint('rsa2048')] });
vector('valid-pinned-among-others', 'The key’s fingerprint is one of several on the trusted list.', bundle(), valid({ trust: 'pass pinned' }),
  { trusted: [b.fingerprint('rsa4096'), b.fingerprint('rsa2048'), b.fingerprint('rsa3072')] });
vector('valid-not-on-the-list', 'There is a trusted list and the key is not on it: still valid, and only the bundle vouches for it.', bundle(), valid(),
  { trusted: [b.fingerprint('rsa2048-other'), '0'.repeat(64)] });
vector('attack-bad-signature-pinned', 'A key on the trusted list does not help a token that it did not sign.',
  bundle(token({ key: 'rsa2048-other' })), badSignature('signature-mismatch', { trust: 'pass pinned' }), { trusted: [b.fingerprint('rsa2048')] });

for (const [name, bits, exponent] of [
  ['rsa2048-e3', 2048, 3], ['rsa2048-e33', 2048, 8589934591], ['rsa2050', 2050, 65537], ['rsa3072', 3072, 65537],
  ['rsa4096', 4096, 65537], ['rsa8192', 8192, 65537], ['rsa8192-e33', 8192, 8589934591],
]) {
  vector(`valid-${name}`, `A key of ${bits} bits with the exponent ${exponent} is accepted.`,
    bundle(token({ key: name }), pem(name)), valid(), { key: { bits, exponent } });
}

// ---------------------------------------------------------------- the JWT's surroundings

vector('jwt-trailing-newline', 'A YAML block scalar added a newline to the JWT.', bundle(`${JWT}\n`), valid());
vector('jwt-white-space-around', 'White space stands around the JWT.', bundle(` \t\r\n${JWT}\r\n \t`), valid());
vector('jwt-line-wrapped', 'The JWT is wrapped at 76 columns, as escaped line breaks inside the string.',
  bundle(JWT.match(/.{1,76}/g).join('\n')), malformedToken('token-white-space'), { repaired: true, detailContains: { format: 'character 77' } });
vector('jwt-space-inside', 'A space stands inside the signature.', bundle(`${JWT.slice(0, -9)} ${JWT.slice(-9)}`),
  malformedToken('token-white-space'), { repaired: true });
vector('jwt-zero-width-space', 'A chat program put a zero-width space into the JWT.', bundle(`${JWT.slice(0, 40)}\u200b${JWT.slice(40)}`),
  malformedToken('token-character'), { repaired: true });
vector('jwt-nul-inside', 'A NUL stands inside the JWT.', bundle(`${JWT.slice(0, 40)}\0${JWT.slice(40)}`), malformedToken('token-character'));
vector('jwt-bom-before', 'A byte order mark stands before the JWT, inside the string.', bundle(`\ufeff${JWT}`),
  malformedToken('token-character'), { repaired: true });
vector('jwt-full-width', 'A letter of the JWT is a full-width look-alike.', bundle(JWT.replace('eyJ', 'ｅyJ')), malformedToken('token-character'));
vector('jwt-bearer', 'The JWT stands behind the word Bearer, as in an HTTP header.', bundle(`Bearer ${JWT}`),
  malformedToken('token-white-space'), { repaired: true });
vector('jwt-quoted-twice', 'The JWT has quotation marks of its own inside the string.', bundle(`"${JWT}"`),
  malformedToken('token-character'), { repaired: true });
vector('jwt-literal-newline', 'The JWT ends in a backslash and an n: not white space.', bundle(`${JWT}\\n`),
  malformedToken('token-character'), { repaired: true });
vector('jwt-empty', '`jwt` is an empty string.', bundle(''), malformedToken('token-empty'));
vector('jwt-blank', '`jwt` is nothing but white space.', bundle(' \n '), malformedToken('token-empty'));

// ---------------------------------------------------------------- segments and base64url

vector('segments-one', 'The JWT is one segment.', bundle(HEAD), malformedToken('token-segments'));
vector('segments-two', 'The JWT lost its signature together with the dot.', bundle(`${HEAD}.${BODY}`), malformedToken('token-segments'));
vector('segments-four', 'The JWT has a segment too many.', bundle(`${JWT}.AAAA`), malformedToken('token-segments'));
vector('segments-five', 'The JWT has the five segments of an encrypted token.', bundle(`${HEAD}.AAAA.AAAA.AAAA.AAAA`), malformedToken('token-encrypted'));
vector('segments-leading-dot', 'A dot stands before the JWT.', bundle(`.${JWT}`), malformedToken('token-segments'));
vector('segments-trailing-dot', 'A dot stands behind the JWT.', bundle(`${JWT}.`), malformedToken('token-segments'));
vector('segments-dots-only', 'The JWT is two dots.', bundle('..'), malformedHeader('token-not-json', {
  issuer: 'skip not-checked', audience: 'skip not-checked', claims: 'skip not-checked', 'not-before': 'skip not-checked', expiry: 'skip not-checked',
}));
vector('segments-empty-header', 'The header is empty; the signature is over the rest.', bundle(signedSegments('', BODY)), malformedHeader('token-not-json'));
vector('segments-empty-payload', 'The payload is empty, and rightly signed.', bundle(signedSegments(HEAD, '')), malformedPayload('token-not-json'));
vector('segments-empty-signature', 'The signature is empty.', bundle(`${HEAD}.${BODY}.`), badSignature('signature-length'));
vector('base64-padding-signature', 'The signature has padding.', bundle(`${JWT}==`), malformedToken('token-character'), { repaired: true, detailContains: { format: 'padding' } });
vector('base64-padding-payload', 'The payload has padding, and is signed so.', bundle(signedSegments(HEAD, `${base64url(claims() + ' '.repeat(3 - (claims().length + 1) % 3))}=`)),
  malformedToken('token-character'));
vector('base64-standard-alphabet', 'The signature is in the standard alphabet.', bundle(`${HEAD}.${BODY}.${SIGNATURE.replaceAll('-', '+').replaceAll('_', '/')}`),
  malformedToken('token-character'));
vector('base64-impossible-length', 'The signature has a length that base64 never has.', bundle(`${JWT}AAA`), malformedToken('token-encoding', {
  algorithm: 'pass rs256', issuer: 'pass issuer-matches', audience: 'pass audience-matches', claims: 'pass claims-complete',
  'not-before': 'skip not-limited', expiry: 'pass not-expired',
}));
vector('base64-unused-bits-signature', 'An unused bit of the signature’s last character is set: another text for the same bytes.',
  bundle(`${HEAD}.${BODY}.${b.withUnusedBit(SIGNATURE)}`), malformedToken('token-encoding', {
    algorithm: 'pass rs256', issuer: 'pass issuer-matches', audience: 'pass audience-matches', claims: 'pass claims-complete',
    'not-before': 'skip not-limited', expiry: 'pass not-expired',
  }));
vector('base64-unused-bits-payload', 'An unused bit of the payload’s last character is set, and it is signed so.',
  bundle(signedSegments(HEAD, b.withUnusedBit(base64url(claims().length % 3 ? claims() : `${claims()} `)))), malformedPayload('token-encoding'));
vector('base64-unused-bits-header', 'An unused bit of the header’s last character is set, and it is signed so.',
  bundle(signedSegments(b.withUnusedBit(base64url(HEADER.length % 3 ? HEADER : `${HEADER} `)), BODY)), malformedHeader('token-encoding'));

// ---------------------------------------------------------------- algorithm

const unsigned = header => `${base64url(header)}.${BODY}.`;
vector('attack-alg-none', '`alg` is none and the signature empty.', bundle(unsigned('{"alg":"none","typ":"JWT"}')), refusedAlgorithm('algorithm-none'));
vector('attack-alg-none-mixed-case', '`alg` is none in mixed case.', bundle(unsigned('{"alg":"nOnE"}')), refusedAlgorithm('algorithm-none'));
vector('attack-alg-none-upper-case', '`alg` is NONE, with a signature for show.', withHeader('{"alg":"NONE"}'), refusedAlgorithm('algorithm-none'));
vector('attack-alg-none-two-segments', '`alg` is none and the signature left out with its dot.', bundle(`${base64url('{"alg":"none"}')}.${BODY}`), malformedToken('token-segments'));
vector('attack-alg-none-right-signature', '`alg` is none, yet the signature is a right RS256 one.', withHeader('{"alg":"none"}'), refusedAlgorithm('algorithm-none'));
const hs = (alg, secret) => bundle(token({ header: `{"alg":"${alg}","typ":"JWT"}`, sign: b.hmac(alg.replace('HS', 'sha'), secret) }));
vector('attack-hs256-with-pem-secret', 'HS256 with the public key’s PEM as secret: algorithm confusion.', hs('HS256', PEM), refusedAlgorithm('algorithm-unsupported'));
vector('attack-hs256-with-trimmed-pem-secret', 'HS256 with the PEM as secret, without its last newline.', hs('HS256', PEM.trim()), refusedAlgorithm('algorithm-unsupported'));
vector('attack-hs256-with-der-secret', 'HS256 with the key’s DER as secret.', hs('HS256', spki('rsa2048')), refusedAlgorithm('algorithm-unsupported'));
vector('attack-hs256-with-empty-secret', 'HS256 with an empty secret.', hs('HS256', ''), refusedAlgorithm('algorithm-unsupported'));
vector('attack-hs512-with-pem-secret', 'HS512 with the PEM as secret.', hs('HS512', PEM), refusedAlgorithm('algorithm-unsupported'));
vector('attack-hs256-called-rs256', 'An HMAC with the PEM as secret, under `alg` RS256.', withSignature(b.hmac('sha256', PEM)), badSignature('signature-length'));
vector('algorithm-rs384', 'RS384, rightly signed: only RS256 is accepted.', bundle(token({ header: '{"alg":"RS384"}', sign: rs('SHA384', 'rsa2048') })), refusedAlgorithm('algorithm-unsupported'));
vector('algorithm-rs512', 'RS512, rightly signed: only RS256 is accepted.', bundle(token({ header: '{"alg":"RS512"}', sign: rs('SHA512', 'rsa2048') })), refusedAlgorithm('algorithm-unsupported'));
vector('algorithm-ps256', 'PS256, rightly signed: only RS256 is accepted.', bundle(token({ header: '{"alg":"PS256"}', sign: b.pss('rsa2048') })), refusedAlgorithm('algorithm-unsupported'));
vector('algorithm-lower-case', '`alg` is rs256 in lower case.', withHeader('{"alg":"rs256"}'), refusedAlgorithm('algorithm-unsupported'));
vector('algorithm-trailing-space', '`alg` is RS256 with a space behind.', withHeader('{"alg":"RS256 "}'), refusedAlgorithm('algorithm-unsupported'));
vector('algorithm-trailing-nul', '`alg` is RS256 with a NUL behind, which a C string would end at.', withHeader('{"alg":"RS256\\u0000"}'), refusedAlgorithm('algorithm-unsupported'));
vector('algorithm-empty', '`alg` is an empty string.', withHeader('{"alg":""}'), refusedAlgorithm('algorithm-unsupported'));
vector('algorithm-null', '`alg` is null.', withHeader('{"alg":null}'), refusedAlgorithm('algorithm-missing'));
vector('algorithm-array', '`alg` is an array with RS256 in it.', withHeader('{"alg":["RS256"]}'), refusedAlgorithm('algorithm-missing'));
vector('algorithm-missing', 'The header is an empty object.', withHeader('{}'), refusedAlgorithm('algorithm-missing'));
vector('algorithm-name-upper-case', 'The header has `ALG`, which is another member.', withHeader('{"ALG":"RS256"}'), refusedAlgorithm('algorithm-missing'));
vector('algorithm-hostile', '`alg` is 10,000 characters with markup and a right-to-left override: the sentence stays one bounded line.',
  withHeader(`{"alg":"<img src=x onerror=alert(1)>\\n\\u202e${'A'.repeat(10000)}"}`), refusedAlgorithm('algorithm-unsupported'));

vector('header-crit', '`crit` names an extension.', withHeader('{"alg":"RS256","crit":["exp"]}'), refusedAlgorithm('header-crit'));
vector('header-crit-empty', '`crit` is an empty array.', withHeader('{"alg":"RS256","crit":[]}'), refusedAlgorithm('header-crit'));
vector('header-crit-null', '`crit` is null: it is there all the same.', withHeader('{"alg":"RS256","crit":null}'), refusedAlgorithm('header-crit'));
vector('header-crit-b64', '`crit` and `b64`: false, as RFC 7797 has it.', withHeader('{"alg":"RS256","b64":false,"crit":["b64"]}'), refusedAlgorithm('header-crit'));
vector('header-b64-false', '`b64` is false without `crit`.', withHeader('{"alg":"RS256","b64":false}'), refusedAlgorithm('header-b64'));
vector('header-b64-true', '`b64` is true: the default, but licenses never use it.', withHeader('{"alg":"RS256","b64":true}'), refusedAlgorithm('header-b64'));
{
  const deflated = base64url(deflateRawSync(claims()));
  const header = base64url('{"alg":"RS256","zip":"DEF"}');
  vector('header-zip', '`zip` names DEFLATE, over plain claims.', withHeader('{"alg":"RS256","zip":"DEF"}'), refusedAlgorithm('header-zip'));
  vector('header-zip-deflated', '`zip` names DEFLATE, and the payload is deflated: nothing is ever inflated.', bundle(signedSegments(header, deflated)),
    malformedPayload('token-not-utf8', { algorithm: 'fail header-zip', signature: 'skip not-checked' }));
}
vector('header-kid', '`kid` names a key: never used to find one.', withHeader('{"alg":"RS256","kid":"2026-09"}'), valid());
vector('header-kid-path', '`kid` is a path out of a folder: never used to find a key.', withHeader('{"alg":"RS256","kid":"../../../../dev/null"}'), valid());
vector('header-kid-sql', '`kid` is SQL: never used to find a key.', withHeader('{"alg":"RS256","kid":"x\' UNION SELECT \'secret"}'), valid());

const ignored = { algorithm: 'warn header-key-ignored' };
const attacker = JSON.stringify({ ...b.publicJwk('rsa2048-other'), kid: 'attacker' });
const x5c = JSON.stringify([keyFile('certificate').replace(/-----[^-]+-----|\s/g, '')]);
vector('attack-header-jwk', 'The header brings the attacker’s key and the attacker signed; `publicKey` is the vendor’s.',
  bundle(token({ header: `{"alg":"RS256","jwk":${attacker}}`, key: 'rsa2048-other' })), badSignature('signature-mismatch', ignored));
vector('attack-header-jku', 'The header points to the attacker’s key set and the attacker signed: nothing is fetched.',
  bundle(token({ header: '{"alg":"RS256","jku":"https://attacker.example/keys.json"}', key: 'rsa2048-other' })), badSignature('signature-mismatch', ignored));
vector('attack-header-x5u', 'The header points to the attacker’s certificate and the attacker signed: nothing is fetched.',
  bundle(token({ header: '{"alg":"RS256","x5u":"file:///etc/passwd"}', key: 'rsa2048-other' })), badSignature('signature-mismatch', ignored));
vector('attack-header-x5c', 'The header brings a certificate of the key that signed; `publicKey` is another.',
  bundle(token({ header: `{"alg":"RS256","x5c":${x5c}}` }), other), badSignature('signature-mismatch', ignored));
vector('attack-header-kid-only', '`kid` names the attacker’s key and the attacker signed.',
  bundle(token({ header: '{"alg":"RS256","kid":"attacker"}', key: 'rsa2048-other' })), badSignature());
vector('header-jwk-ignored', 'The header brings a key, but the bundle’s own key signed: right, and worth a look.', withHeader(`{"alg":"RS256","jwk":${attacker}}`), valid(ignored));
vector('header-jku-ignored', 'The header points to a key set, but the bundle’s own key signed.', withHeader('{"alg":"RS256","jku":"https://keys.example/"}'), valid(ignored));
vector('header-x5u-ignored', 'The header points to a certificate, but the bundle’s own key signed.', withHeader('{"alg":"RS256","x5u":"https://keys.example/"}'), valid(ignored));
vector('header-x5c-ignored', 'The header brings a certificate, and the bundle’s own key signed.', withHeader(`{"alg":"RS256","x5c":${x5c}}`), valid(ignored));

vector('header-not-json', 'The header is not JSON.', withHeader('alg=RS256'), malformedHeader('token-not-json'));
vector('header-array', 'The header is an array.', withHeader('["RS256"]'), malformedHeader('token-not-object'));
vector('header-string', 'The header is a string.', withHeader('"RS256"'), malformedHeader('token-not-object'));
vector('header-not-utf8', 'The header has bytes that are not UTF-8.', withHeader(Buffer.from('{"alg":"RS256","x":"\xff"}', 'latin1')), malformedHeader('token-not-utf8'));
vector('header-bom', 'The header begins with a byte order mark, which JSON does not have.', withHeader(`\ufeff${HEADER}`), malformedHeader('token-not-json'));
vector('header-trailing-text', 'Something follows the header’s object.', withHeader(`${HEADER}{}`), malformedHeader('token-not-json'));

// ---------------------------------------------------------------- signature

vector('signature-of-another-key', 'Another key signed.', bundle(token({ key: 'rsa2048-other' })), badSignature());
vector('signature-key-of-another-size', 'A larger key signed than the bundle holds.', bundle(token({ key: 'rsa4096' })), badSignature('signature-length'), { detailContains: { signature: '512' } });
vector('signature-key-of-smaller-size', 'A smaller key signed than the bundle holds.', bundle(JWT, pem('rsa4096')), badSignature('signature-length'), { key: { bits: 4096, exponent: 65537 } });
vector('attack-payload-exchanged', 'The payload grants more and keeps the signature of the original.',
  bundle(`${HEAD}.${base64url(claims({ 'scrydon.entitlements.cpuCores': '9999' }))}.${SIGNATURE}`), badSignature());
vector('attack-expiry-exchanged', 'The payload of an expired license gets a later `exp` and keeps its signature.',
  bundle(`${HEAD}.${base64url(claims())}.${token({ payload: claims({ exp: '1767225600' }) }).split('.')[2]}`), badSignature());
vector('attack-header-exchanged', 'The header is rewritten and keeps the signature of the original.', bundle(`${base64url('{"alg":"RS256"}')}.${BODY}.${SIGNATURE}`), badSignature());
vector('attack-signature-of-other-token', 'The signature belongs to another token of the same vendor.',
  bundle(`${HEAD}.${BODY}.${token({ payload: claims({ jti: '"lic_other"' }) }).split('.')[2]}`), badSignature());
vector('signature-last-character', 'The last character but one of the signature is changed.', bundle(b.changed(JWT, -2)), badSignature());
vector('payload-one-character', 'One character of the payload is changed, inside the organization’s name.',
  bundle(`${HEAD}.${base64url(claims({ 'scrydon.org': '"Acne Corp"' }))}.${SIGNATURE}`), badSignature());
vector('signature-cut-off', 'The end of the JWT is cut off.', bundle(JWT.slice(0, -22)), badSignature('signature-length'), { detailContains: { signature: '240' } });
const bytesOfSignature = Buffer.from(SIGNATURE, 'base64url');
const resigned = bytes => bundle(`${HEAD}.${BODY}.${base64url(bytes)}`);
const at256 = number => b.bytesOf(number, 256);
vector('signature-appended', 'A zero byte follows the signature.', resigned(Buffer.concat([bytesOfSignature, Buffer.alloc(1)])), badSignature('signature-length'));
vector('signature-prepended', 'A zero byte stands before the signature: the same number, another text.', resigned(Buffer.concat([Buffer.alloc(1), bytesOfSignature])), badSignature('signature-length'));
vector('signature-doubled', 'The signature stands twice.', resigned(Buffer.concat([bytesOfSignature, bytesOfSignature])), badSignature('signature-length'));
vector('signature-reversed', 'The signature’s bytes are in reverse order.', resigned(Buffer.from(bytesOfSignature).reverse()), badSignature());
vector('signature-zero', 'The signature is the number 0.', resigned(at256(0n)), badSignature());
vector('signature-one', 'The signature is the number 1.', resigned(at256(1n)), badSignature());
{
  const { n } = rsaNumbers('rsa2048');
  const s = b.bigint(bytesOfSignature);
  vector('signature-modulus', 'The signature is the modulus.', resigned(at256(n)), badSignature());
  vector('signature-modulus-minus-one', 'The signature is the modulus less one.', resigned(at256(n - 1n)), badSignature());
  vector('signature-negated', 'The signature is the modulus less the right signature.', resigned(at256(n - s)), badSignature());
  // A token whose signature has room for the modulus on top of it, and one whose signature begins with a zero byte.
  const find = wanted => {
    for (let count = 0; ; count++) {
      const jwt = token({ payload: claims({ jti: `"lic_${count}"` }) });
      const [, , signature] = jwt.split('.');
      if (wanted(Buffer.from(signature, 'base64url'))) return jwt;
    }
  };
  const small = find(bytes => b.bigint(bytes) + n < 1n << 2048n);
  const [head, body, signature] = small.split('.');
  vector('attack-signature-plus-modulus', 'The signature plus the modulus: the same residue, another text.',
    bundle(`${head}.${body}.${base64url(at256(b.bigint(Buffer.from(signature, 'base64url')) + n))}`), badSignature());
  const zero = find(bytes => bytes[0] === 0);
  const parts = zero.split('.');
  const bytes = Buffer.from(parts[2], 'base64url');
  vector('signature-leading-zero', 'A right signature that begins with a zero byte.', bundle(zero), valid());
  vector('signature-leading-zero-dropped', 'A right signature without the zero byte that it begins with.',
    bundle(`${parts[0]}.${parts[1]}.${base64url(bytes.subarray(1))}`), badSignature('signature-length'));
}
vector('signature-pss', 'A PSS signature under `alg` RS256.', withSignature(b.pss('rsa2048')), badSignature());
vector('signature-sha384', 'A signature over SHA-384 under `alg` RS256.', withSignature(rs('SHA384', 'rsa2048')), badSignature());
vector('signature-sha512', 'A signature over SHA-512 under `alg` RS256.', withSignature(rs('SHA512', 'rsa2048')), badSignature());
vector('signature-sha1', 'A signature over SHA-1 under `alg` RS256.', withSignature(rs('SHA1', 'rsa2048')), badSignature());
vector('signature-over-decoded-text', 'A signature over the decoded JSON, not over the segments.', withSignature(() => rs('SHA256', 'rsa2048')(Buffer.from(HEADER + claims()))), badSignature());
vector('signature-over-payload-alone', 'A signature over the payload segment, without the header.', withSignature(() => rs('SHA256', 'rsa2048')(Buffer.from(BODY))), badSignature());
const withEncoding = (options, key = 'rsa2048') => bundle(token({ key, sign: data => raw(key, encoded(data, options)) }), pem(key));
const noNull = Buffer.from('302f300b0609608648016503040201' + '0420', 'hex');
const longLength = Buffer.from('308131300d060960864801650304020105000420', 'hex');
const sha512Info = Buffer.from('3031300d060960864801650304020305000420', 'hex');
vector('padding-right', 'A signature made by hand, each part right: what the others differ from.', withEncoding({}), valid());
vector('padding-no-null', 'The algorithm identifier inside the signature lacks its NULL.', withEncoding({ info: noNull }), badSignature());
vector('padding-long-length', 'A length inside the signature is written longer than it must be.', withEncoding({ info: longLength }), badSignature());
vector('padding-other-hash-name', 'The signature names SHA-512 and holds a SHA-256.', withEncoding({ info: sha512Info }), badSignature());
vector('padding-no-hash-name', 'The signature holds the hash without naming it.', withEncoding({ info: Buffer.alloc(0) }), badSignature());
vector('padding-block-type-two', 'The signature is padded as an encryption.', withEncoding({ type: 2 }), badSignature());
vector('padding-block-type-zero', 'The signature is padded with zeros.', withEncoding({ type: 0, fill: 0 }), badSignature());
vector('padding-short', 'The padding is eight bytes and the rest garbage behind the hash.', withEncoding({ padding: 8, after: Buffer.alloc(16, 7) }), badSignature());
vector('padding-wrong-byte', 'One byte of the padding is not FF.',
  bundle(token({ sign: data => { const message = encoded(data); message[100] = 0xfe; return raw('rsa2048', message); } })), badSignature());
{
  // Bleichenbacher 2006: with e = 3, a number whose cube begins as a right signature does, no private key needed.
  const forge = data => {
    const message = encoded(data, { padding: 8 });
    const root = b.cubeRoot(b.bigint(message) | ((1n << BigInt(8 * (256 - 11 - b.SHA256_INFO.length - 32))) - 1n));
    if (!b.bytesOf(root ** 3n, 256).subarray(0, 11).equals(message.subarray(0, 11))) throw new Error('the forgery does not begin as it must');
    return b.bytesOf(root, 256);
  };
  vector('attack-cube-root', 'A forgery without the private key, for e = 3: garbage behind the hash makes the number a cube.',
    bundle(token({ key: 'rsa2048-e3', sign: forge }), pem('rsa2048-e3')), badSignature(), { key: { bits: 2048, exponent: 3 } });
  // With e = 1 the encoded message is its own signature.
  vector('attack-exponent-one', 'The key has the exponent 1, so that anybody’s encoded message is its own signature.',
    bundle(token({ sign: data => encoded(data) }), pemOf({ n: rsaNumbers('rsa2048').n, e: 1n })), refusedKey('key-exponent'), { key: { bits: 2048, exponent: 1 } });
}

// ---------------------------------------------------------------- key: numbers

const { n } = rsaNumbers('rsa2048');
vector('key-1024-bits', 'A key of 1024 bits, and its right signature.', bundle(token({ key: 'rsa1024' }), pem('rsa1024')), refusedKey('key-too-small'), { key: { bits: 1024, exponent: 65537 } });
vector('key-2047-bits', 'A key one bit too small, and its right signature.', bundle(token({ key: 'rsa2047' }), pem('rsa2047')), refusedKey('key-too-small'), { key: { bits: 2047, exponent: 65537 } });
vector('key-512-bits', 'A key of 512 bits.', withKey(pemOf({ n: b.oddNumber(512), e: 65537n })), refusedKey('key-too-small'));
vector('key-8193-bits', 'A key one bit too large.', withKey(pemOf({ n: b.oddNumber(8193), e: 65537n })), refusedKey('key-too-large'), { key: { bits: 8193, exponent: 65537 } });
vector('key-16384-bits', 'A key of 16384 bits: its cost is somebody else’s.', withKey(pemOf({ n: b.oddNumber(16384), e: 65537n })), refusedKey('key-too-large'), { key: { bits: 16384, exponent: 65537 } });
vector('key-300000-bits', 'A key of 300,000 bits.', withKey(pemOf({ n: (1n << 299999n) | 1n, e: 65537n })), refusedKey('key-too-large'), { key: { bits: 300000, exponent: 65537 } });
vector('key-even-modulus', 'The modulus is even.', withKey(pemOf({ n: n - 1n, e: 65537n })), refusedKey('key-even-modulus'));
vector('key-zero-modulus', 'The modulus is 0.', withKey(pemOf({ n: 0n, e: 65537n })), refusedKey('key-too-small'), { key: { bits: 0, exponent: 65537 } });
for (const [name, e, what] of [
  ['zero', 0n, 'is 0'], ['two', 2n, 'is 2'], ['even', 65536n, 'is even'], ['2-33', 1n << 33n, 'is 2³³'], ['2-33-plus-1', (1n << 33n) + 1n, 'is 2³³+1, odd and one too large'],
  ['2-64-plus-1', (1n << 64n) + 1n, 'is 2⁶⁴+1, which a 64-bit number would read as 1'], ['2-64-plus-65537', (1n << 64n) + 65537n, 'is 2⁶⁴+65537, which a 64-bit number would read as 65537'],
  ['as-large-as-the-modulus', n - 2n, 'is as large as the modulus'],
]) vector(`key-exponent-${name}`, `The exponent ${what}.`, withKey(pemOf({ n, e })), refusedKey('key-exponent'));

// ---------------------------------------------------------------- key: other things than a key

vector('key-is-ec', 'An elliptic-curve key (P-256), with an ES256 header.', bundle(token({ header: '{"alg":"ES256"}' }), pem('ec-p256')),
  refusedKey('key-is-elliptic-curve', { algorithm: 'fail algorithm-unsupported' }));
vector('key-is-ec-under-rs256', 'An elliptic-curve key under `alg` RS256.', withKey(pem('ec-p256')), refusedKey('key-is-elliptic-curve'));
vector('key-is-ed25519', 'An Ed25519 key, and its right EdDSA signature.', bundle(token({ header: '{"alg":"EdDSA"}', sign: b.ed25519 }), pem('ed25519')),
  refusedKey('key-is-elliptic-curve', { algorithm: 'fail algorithm-unsupported' }));
vector('key-is-pss', 'An RSA key restricted to PSS.', withKey(pem('rsa-pss2048')), refusedKey('key-is-pss'));
vector('key-is-x25519', 'A key for key agreement (X25519).', withKey(armor(der(0x30, der(0x30, derOid('2b656e')), der(0x03, Buffer.alloc(33))))), refusedKey('key-other-algorithm'));
vector('key-is-dsa', 'A key of another algorithm (DSA).', withKey(armor(der(0x30, der(0x30, derOid('2a8648ce380401')), der(0x03, Buffer.alloc(33))))), refusedKey('key-other-algorithm'));
vector('key-is-oaep', 'RSA numbers under the identifier of an encryption key.', withKey(pemOf({ n, e: 65537n, oid: '2a864886f70d010107' })), refusedKey('key-other-algorithm'));
vector('key-is-signature-algorithm', 'RSA numbers under the identifier of a signature, sha256WithRSAEncryption.', withKey(pemOf({ n, e: 65537n, oid: '2a864886f70d01010b' })), refusedKey('key-other-algorithm'));
vector('key-is-certificate', 'A certificate in place of its key.', withKey(keyFile('certificate')), refusedKey('key-is-certificate'));
vector('key-is-certificate-request', 'A certificate request in place of its key.', withKey(keyFile('certificate-request')), refusedKey('key-is-certificate-request'));
const pkcs1 = crypto.createPublicKey(b.privateKey('rsa2048')).export({ type: 'pkcs1', format: 'pem' });
vector('key-is-pkcs1', 'The right key in PKCS#1 form.', withKey(pkcs1), refusedKey('key-is-pkcs1'));
vector('key-is-pkcs1-mislabelled', 'PKCS#1 bytes under the label of a SubjectPublicKeyInfo.', withKey(pkcs1.replaceAll('RSA PUBLIC', 'PUBLIC')), refusedKey('key-damaged'));
vector('key-is-spki-mislabelled', 'The right key under the label of PKCS#1.', withKey(PEM.replaceAll('PUBLIC', 'RSA PUBLIC')), refusedKey('key-is-pkcs1'));
const secret = { detailContains: { key: 'compromised' } };
vector('key-is-private-pkcs8', 'A private key (PKCS#8) in place of the public one.', withKey(keyFile('rsa2048')), refusedKey('key-is-private'), secret);
vector('key-is-private-pkcs1', 'A private key (PKCS#1) in place of the public one.', withKey(b.privateKey('rsa2048').export({ type: 'pkcs1', format: 'pem' })), refusedKey('key-is-private'), secret);
vector('key-is-private-encrypted', 'An encrypted private key in place of the public one.', withKey(keyFile('rsa2048-other-encrypted')), refusedKey('key-is-private'), secret);
vector('key-is-private-openssh', 'An OpenSSH private key in place of the public one.', withKey(keyFile('openssh-private')), refusedKey('key-is-private'), secret);
vector('key-is-private-ec', 'A private elliptic-curve key in place of the public one.', withKey(keyFile('ec-p256')), refusedKey('key-is-private'), secret);
vector('key-is-private-behind-public', 'The private key follows the public one.', withKey(PEM + keyFile('rsa2048')), refusedKey('key-is-private'), secret);
vector('key-is-private-cut-off', 'A private key without its end.', withKey(keyFile('rsa2048').slice(0, 400)), refusedKey('key-is-private'), secret);
vector('key-is-private-damaged-dashes', 'A private key whose first line lost a dash, without its end.', withKey(keyFile('rsa2048').slice(0, 400).replace('KEY-----', 'KEY----')), refusedKey('key-is-private'), secret);
vector('key-is-private-one-line', 'A private key on one line, with literal `\\n`.', withKey(keyFile('rsa2048').replaceAll('\n', '\\n')), refusedKey('key-is-private'), secret);
vector('key-is-private-jwk', 'A private JSON Web Key in place of the public key.', withKey(JSON.stringify(b.jwk('rsa2048'), null, 2)), refusedKey('key-is-private'), secret);
vector('key-is-private-pgp', 'A PGP private key block.', withKey('-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBGA=\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n'), refusedKey('key-is-private'), secret);
vector('key-is-private-ssh2', 'A private key in the form of RFC 4716’s author.', withKey('---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56wAAAi4=\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n'), refusedKey('key-is-private'), secret);
vector('key-is-private-mislabelled', 'A private key’s bytes under the label of a public key.', withKey(keyFile('rsa2048').replaceAll('PRIVATE', 'PUBLIC')), refusedKey('key-damaged'));
const sshPart = bytes => { const length = Buffer.alloc(4); length.writeUInt32BE(bytes.length); return Buffer.concat([length, bytes]); };
const sshNumber = number => { const bytes = b.bytesOf(number); return sshPart(bytes[0] & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes); };
vector('key-is-ssh', 'The right key in the form of an authorized_keys line.',
  withKey(`ssh-rsa ${Buffer.concat([sshPart(Buffer.from('ssh-rsa')), sshNumber(65537n), sshNumber(n)]).toString('base64')} vendor`), refusedKey('key-is-ssh'));
vector('key-is-jwk', 'The right key as a JSON Web Key, in a string.', withKey(JSON.stringify(b.publicJwk('rsa2048'))), refusedKey('key-is-jwk'));
vector('key-is-pgp', 'A PGP public key block.', withKey('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBGA=\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n'), refusedKey('key-other-block'));
vector('key-is-url', 'A web address in place of the key: nothing is fetched.', withKey('https://keys.example/license.pem'), refusedKey('key-not-pem'));
vector('key-is-path', 'A file name in place of the key: nothing is opened.', withKey('/etc/ssl/license.pem'), refusedKey('key-not-pem'));
vector('key-is-fingerprint', 'A fingerprint in place of the key.', withKey(b.fingerprint('rsa2048')), refusedKey('key-not-pem'));
vector('key-without-armor', 'The right key’s base64 without its first and last line.', withKey(KEY_BODY), refusedKey('key-not-pem'));
vector('key-empty', '`publicKey` is an empty string.', withKey(''), refusedKey('key-empty'));
vector('key-blank', '`publicKey` is nothing but white space.', withKey(' \r\n\t'), refusedKey('key-empty'));
vector('key-hostile-label', 'A block with a hostile label: the sentence stays one bounded line.', withKey(`-----BEGIN <script>alert(1)</script>\u202e${'A'.repeat(5000)}-----\n`), refusedKey('key-other-block'));

// ---------------------------------------------------------------- key: DER that means the same, or almost

const damaged = refusedKey('key-damaged');
const identifier = (...parts) => der(0x30, derOid(b.RSA_OID), ...parts);
const numbers = der(0x30, derInteger(n), derInteger(65537n));
const bits = der(0x03, Buffer.concat([Buffer.alloc(1), numbers]));
vector('key-der-no-parameters', 'The algorithm identifier lacks its NULL.', withKey(pemOf({ n, e: 65537n, parameters: Buffer.alloc(0) })), damaged);
vector('key-der-other-parameters', 'The algorithm identifier has an empty sequence for parameters.', withKey(pemOf({ n, e: 65537n, parameters: der(0x30) })), damaged);
vector('key-der-long-null', 'The NULL is not empty.', withKey(pemOf({ n, e: 65537n, parameters: Buffer.from([5, 1, 0]) })), damaged);
vector('key-der-extra-parameter', 'Something follows the NULL.', withKey(armor(der(0x30, identifier(derNull, derNull), bits))), damaged);
vector('key-der-trailing-bytes', 'Bytes follow the key: another text, another fingerprint, the same numbers.', withKey(armor(Buffer.concat([spki('rsa2048'), Buffer.alloc(3)]))), damaged);
vector('key-der-trailing-inside', 'Something follows the two numbers.', withKey(pemOf({ n, e: 65537n, numbers: der(0x30, derInteger(n), derInteger(65537n), derInteger(1n)) })), damaged);
vector('key-der-unused-bits', 'The bit string says that its last bit is unused.', withKey(pemOf({ n, e: 65537n, unused: 1 })), damaged);
vector('key-der-long-length', 'A length is written longer than it must be.', withKey(armor(Buffer.concat([Buffer.from('30830001', 'hex'), spki('rsa2048').subarray(3)]))), damaged);
vector('key-der-indefinite-length', 'The outer length is indefinite, as BER allows.', withKey(armor(Buffer.concat([Buffer.from([0x30, 0x80]), spki('rsa2048').subarray(4), Buffer.alloc(2)]))), damaged);
vector('key-der-padded-modulus', 'The modulus has a zero byte too many.', withKey(pemOf({ n, e: 65537n, numbers: der(0x30, der(0x02, Buffer.concat([Buffer.alloc(2), b.bytesOf(n)])), derInteger(65537n)) })), damaged);
vector('key-der-negative-modulus', 'The modulus lacks its zero byte and so is negative.', withKey(pemOf({ n, e: 65537n, numbers: der(0x30, der(0x02, b.bytesOf(n)), derInteger(65537n)) })), damaged);
vector('key-der-negative-exponent', 'The exponent is negative.', withKey(pemOf({ n, e: 65537n, numbers: der(0x30, derInteger(n), Buffer.from([2, 1, 0xfd])) })), damaged);
vector('key-der-no-exponent', 'There is a modulus and no exponent.', withKey(pemOf({ n, e: 65537n, numbers: der(0x30, derInteger(n)) })), damaged);
vector('key-der-empty', 'The block is empty.', withKey('-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n'), damaged);
vector('key-der-certificate-mislabelled', 'A certificate’s bytes under the label of a key.', withKey(keyFile('certificate').replaceAll('CERTIFICATE', 'PUBLIC KEY')), damaged);

// ---------------------------------------------------------------- key: PEM as people's tools mangle it, meaning certain

const [BEGIN, END] = ['-----BEGIN PUBLIC KEY-----', '-----END PUBLIC KEY-----'];
for (const [name, about, key] of [
  ['crlf', 'CRLF line ends.', PEM.replaceAll('\n', '\r\n')],
  ['cr', 'CR alone for line ends.', PEM.replaceAll('\n', '\r')],
  ['one-line', 'Everything on one line, without spaces.', PEM.replaceAll('\n', '')],
  ['spaces', 'Spaces where the line breaks were.', PEM.trim().replaceAll('\n', ' ')],
  ['body-on-one-line', 'The body on one line.', `${BEGIN}\n${KEY_BODY}\n${END}\n`],
  ['literal-newlines', 'Literal `\\n` for line breaks.', PEM.replaceAll('\n', '\\n')],
  ['literal-crlf', 'Literal `\\r\\n` for line breaks.', PEM.replaceAll('\n', '\\r\\n')],
  ['indented', 'Every line is indented, as in YAML.', PEM.replaceAll(/^/gm, '      ')],
  ['indented-with-tabs', 'Every line is indented with tabs.', PEM.replaceAll(/^/gm, '\t\t')],
  ['76-columns', 'Lines of 76 columns.', armor(spki('rsa2048'), 'PUBLIC KEY', 76)],
  ['20-columns', 'Lines of 20 columns.', armor(spki('rsa2048'), 'PUBLIC KEY', 20)],
  ['blank-lines', 'An empty line between any two.', PEM.replaceAll('\n', '\n\n')],
  ['trailing-spaces', 'Spaces at the end of every line.', PEM.replaceAll('\n', '   \n')],
  ['no-last-newline', 'No newline at the end.', PEM.trim()],
  ['white-space-around', 'White space and blank lines around the block.', `\n\n  ${PEM}\n \n`],
  ['bom', 'A byte order mark before the block.', `\ufeff${PEM}`],
]) vector(`pem-${name}`, `The key, mangled in a way that leaves its meaning certain: ${about}`, withKey(key), valid(), { key: { bits: 2048, exponent: 65537 } });

// ---------------------------------------------------------------- key: PEM that is not certain

for (const line of [1, 3, 7]) {
  vector(`pem-cut-after-line-${line}`, `The key block ends after line ${line}.`, withKey(PEM.split('\n').slice(0, line).join('\n')),
    refusedKey('key-cut-off'), { detailContains: { key: `after line ${line}` } });
}
vector('pem-cut-inside-end', 'The last line of the key block is not whole.', withKey(PEM.trim().slice(0, -3)), refusedKey('key-cut-off'), { detailContains: { key: `after line ${BODY_LINES.length + 2}` } });
vector('pem-other-end', 'The block ends under another label.', withKey(PEM.replace('END PUBLIC', 'END RSA PUBLIC')), refusedKey('key-cut-off'));
vector('pem-line-missing', 'A line of the body is missing.', withKey(PEM.split('\n').filter((_, at) => at !== 3).join('\n')), damaged);
vector('pem-line-twice', 'A line of the body stands twice.', withKey(PEM.split('\n').flatMap((line, at) => (at === 3 ? [line, line] : [line])).join('\n')), damaged);
vector('pem-character-missing', 'A character of the body is missing.', withKey(PEM.replace(BODY_LINES[2], BODY_LINES[2].slice(1))), damaged);
vector('pem-character-changed', 'A character of the modulus is changed: a key, but not the one that signed.', withKey(PEM.replace(BODY_LINES[2], b.changed(BODY_LINES[2], 5))), badSignature());
vector('pem-character-foreign', 'An exclamation mark stands in the body, on the third line.', withKey(PEM.replace(BODY_LINES[1], `!${BODY_LINES[1].slice(1)}`)), refusedKey('key-not-base64'), { detailContains: { key: 'Line 3' } });
vector('pem-base64url', 'The body is in the URL-safe alphabet.', withKey(PEM.replace(KEY_BODY.includes('+') ? /\+/g : /\//g, '-')), refusedKey('key-not-base64'));
vector('pem-no-break-space', 'The lines are indented with no-break spaces.', withKey(PEM.replaceAll('\n', '\n\u00a0')), refusedKey('key-not-base64'), { repaired: true });
vector('pem-headers', 'Lines of the kind that encrypted PEM has stand in the block.', withKey(PEM.replace('\n', '\nProc-Type: 4,CLEAR\n\n')), refusedKey('key-not-base64'));
vector('pem-padding-inside', 'Padding stands in the middle of the body.', withKey(PEM.replace(BODY_LINES[1], `${BODY_LINES[1].slice(0, -2)}==`)), damaged);
vector('pem-unused-bits', 'An unused bit of the body’s last character is set.', withKey(armor(Buffer.from('30', 'hex')).replace('MA==', 'MB==')), damaged);
vector('pem-junk-before', 'A line of text stands before the block.', withKey(`Vendor key 2026\n${PEM}`), refusedKey('key-surrounded'), { repaired: true, detailContains: { key: 'line 1' } });
vector('pem-junk-behind', 'A line of text stands behind the block.', withKey(`${PEM}Vendor key 2026\n`), refusedKey('key-surrounded'), { repaired: true, detailContains: { key: `line ${BODY_LINES.length + 3}` } });
vector('pem-two-keys', 'Two different keys, one after the other.', withKey(PEM + other), refusedKey('key-twice'));
vector('pem-two-keys-attacker-first', 'The attacker’s key stands first, the vendor’s second.', withKey(other + PEM), refusedKey('key-twice'));
vector('pem-same-key-twice', 'The same key twice.', withKey(PEM + PEM), refusedKey('key-twice'), { repaired: true });
vector('pem-nested-begin', 'A first line stands twice.', withKey(`${BEGIN}\n${PEM}`), refusedKey('key-twice'), { repaired: true });
vector('pem-key-and-certificate', 'A certificate follows the key.', withKey(PEM + keyFile('certificate')), refusedKey('key-twice'), { repaired: true });
vector('pem-lower-case', 'The first and last line are in lower case.', withKey(PEM.replace(BEGIN, BEGIN.toLowerCase()).replace(END, END.toLowerCase())), refusedKey('key-not-pem'));
vector('pem-long-dashes', 'A word processor made dashes of the hyphens.', withKey(PEM.replaceAll('--', '—')), refusedKey('key-not-pem'));
vector('pem-begin-only', 'Nothing but the first line.', withKey(BEGIN), refusedKey('key-cut-off'), { detailContains: { key: 'after line 1' } });
vector('pem-end-only', 'Everything but the first line.', withKey(PEM.split('\n').slice(1).join('\n')), refusedKey('key-not-pem'));
vector('pem-end-before-begin', 'The last line stands before the first.', withKey(`${END}\n${BEGIN}\n${KEY_BODY}\n`), refusedKey('key-cut-off'));

// ---------------------------------------------------------------- issuer and audience

for (const [name, about, iss, code] of [
  ['missing', '`iss` is missing.', null, 'issuer-missing'],
  ['other', '`iss` is another issuer.', '"other-license"', 'issuer-other'],
  ['upper-case', '`iss` differs in case.', '"Scrydon-License"', 'issuer-other'],
  ['trailing-space', '`iss` has a space behind.', '"scrydon-license "', 'issuer-other'],
  ['trailing-nul', '`iss` has a NUL behind.', '"scrydon-license\\u0000"', 'issuer-other'],
  ['homoglyph', '`iss` has a Cyrillic letter.', '"s\\u0441rydon-license"', 'issuer-other'],
  ['longer', '`iss` begins with the right name.', '"scrydon-license.attacker.example"', 'issuer-other'],
  ['shorter', '`iss` is the beginning of the right name.', '"scrydon"', 'issuer-other'],
  ['empty', '`iss` is empty.', '""', 'issuer-other'],
  ['array', '`iss` is an array with the right name in it.', '["scrydon-license"]', 'issuer-not-string'],
  ['null', '`iss` is null.', 'null', 'issuer-not-string'],
  ['number', '`iss` is a number.', '1', 'issuer-not-string'],
  ['hostile', '`iss` is 10,000 characters with markup, a line break and a right-to-left override.', `"<b>\\r\\n\\u202e${'x'.repeat(10000)}"`, 'issuer-other'],
]) vector(`issuer-${name}`, about, withClaims({ iss }), refusedIssuer(code));

vector('audience-array', '`aud` is an array with the right name in it.', withClaims({ aud: '["scrydon-docs","scrydon-platform"]' }), valid());
vector('audience-array-of-one', '`aud` is an array of the right name alone.', withClaims({ aud: '["scrydon-platform"]' }), valid());
for (const [name, about, aud, code] of [
  ['missing', '`aud` is missing.', null, 'audience-missing'],
  ['other', '`aud` is another audience.', '"scrydon-docs"', 'audience-other'],
  ['upper-case', '`aud` differs in case.', '"SCRYDON-PLATFORM"', 'audience-other'],
  ['longer', '`aud` begins with the right name.', '"scrydon-platform-staging"', 'audience-other'],
  ['empty', '`aud` is empty.', '""', 'audience-other'],
  ['joined', '`aud` is several names in one string.', '"scrydon-platform scrydon-docs"', 'audience-other'],
  ['array-without', '`aud` is an array without the right name.', '["scrydon-docs","other"]', 'audience-other'],
  ['array-empty', '`aud` is an empty array.', '[]', 'audience-other'],
  ['array-mixed', '`aud` is an array with the right name and a number.', '["scrydon-platform",1]', 'audience-not-string'],
  ['array-nested', '`aud` is an array with the right name in an array.', '[["scrydon-platform"]]', 'audience-not-string'],
  ['null', '`aud` is null.', 'null', 'audience-not-string'],
  ['number', '`aud` is a number.', '0', 'audience-not-string'],
  ['object', '`aud` is an object.', '{"0":"scrydon-platform"}', 'audience-not-string'],
]) vector(`audience-${name}`, about, withClaims({ aud }), refusedAudience(code));

// ---------------------------------------------------------------- claims

for (const [claim, name] of [['sub', 'sub'], ['jti', 'jti']]) {
  vector(`${name}-missing`, `\`${claim}\` is missing.`, withClaims({ [claim]: null }), refusedClaims('claim-missing'), { detailContains: { claims: `\`${claim}\`` } });
  vector(`${name}-empty`, `\`${claim}\` is an empty string.`, withClaims({ [claim]: '""' }), refusedClaims('claim-empty'), { detailContains: { claims: `\`${claim}\`` } });
  vector(`${name}-number`, `\`${claim}\` is a number.`, withClaims({ [claim]: '42' }), refusedClaims('claim-wrong-type'));
  vector(`${name}-null`, `\`${claim}\` is null.`, withClaims({ [claim]: 'null' }), refusedClaims('claim-wrong-type'));
}
vector('sub-blank', '`sub` is a space: not empty.', withClaims({ sub: '" "' }), valid());
for (const [name, about, changes, code] of [
  ['scrydon-missing', '`scrydon` is missing.', { scrydon: null }, 'claim-missing'],
  ['scrydon-null', '`scrydon` is null.', { scrydon: 'null' }, 'claim-wrong-type'],
  ['scrydon-array', '`scrydon` is an array.', { scrydon: '[]' }, 'claim-wrong-type'],
  ['scrydon-string', '`scrydon` is JSON in a string.', { scrydon: '"{\\"tier\\":\\"enterprise\\"}"' }, 'claim-wrong-type'],
  ['scrydon-empty', '`scrydon` is an empty object.', { scrydon: '{}' }, 'claim-missing'],
  ['scrydon-flattened', 'The claims are named `scrydon.tier` instead of standing in `scrydon`.', { scrydon: null, scrydon_: '{}' }, 'claim-missing'],
  ['org-missing', '`scrydon.org` is missing.', { 'scrydon.org': null }, 'claim-missing'],
  ['org-number', '`scrydon.org` is a number.', { 'scrydon.org': '7' }, 'claim-wrong-type'],
  ['org-null', '`scrydon.org` is null.', { 'scrydon.org': 'null' }, 'claim-wrong-type'],
  ['tier-missing', '`scrydon.tier` is missing.', { 'scrydon.tier': null }, 'claim-missing'],
  ['tier-upper-case', '`scrydon.tier` is Enterprise in upper case.', { 'scrydon.tier': '"Enterprise"' }, 'tier-unknown'],
  ['tier-unknown', '`scrydon.tier` is one that nobody knows.', { 'scrydon.tier': '"ultimate"' }, 'tier-unknown'],
  ['tier-empty', '`scrydon.tier` is empty.', { 'scrydon.tier': '""' }, 'tier-unknown'],
  ['tier-trailing-space', '`scrydon.tier` has a space behind.', { 'scrydon.tier': '"starter "' }, 'tier-unknown'],
  ['tier-number', '`scrydon.tier` is a number.', { 'scrydon.tier': '3' }, 'claim-wrong-type'],
  ['tier-array', '`scrydon.tier` is an array.', { 'scrydon.tier': '["enterprise"]' }, 'claim-wrong-type'],
  ['tier-hostile', '`scrydon.tier` is long, with markup and controls.', { 'scrydon.tier': `"<script>\\u0000\\u001b[31m${'e'.repeat(9000)}"` }, 'tier-unknown'],
  ['entitlements-missing', '`scrydon.entitlements` is missing.', { 'scrydon.entitlements': null }, 'claim-missing'],
  ['entitlements-null', '`scrydon.entitlements` is null.', { 'scrydon.entitlements': 'null' }, 'claim-wrong-type'],
  ['entitlements-array', '`scrydon.entitlements` is an array.', { 'scrydon.entitlements': '[16,64,0]' }, 'claim-wrong-type'],
  ['entitlements-empty', '`scrydon.entitlements` is an empty object.', { 'scrydon.entitlements': '{}' }, 'claim-missing'],
]) vector(name, about, withClaims(changes), refusedClaims(code));
for (const tier of ['starter', 'professional']) vector(`tier-${tier}`, `The tier ${tier}.`, withClaims({ 'scrydon.tier': `"${tier}"` }), valid());
vector('org-empty', '`scrydon.org` is empty: nothing forbids that.', withClaims({ 'scrydon.org': '""' }), valid(), { organization: '' });

for (const name of ['cpuCores', 'ramGb', 'vramGb']) {
  const path = `scrydon.entitlements.${name}`;
  const id = name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  vector(`${id}-missing`, `\`${path}\` is missing.`, withClaims({ [path]: null }), refusedClaims('claim-missing'), { detailContains: { claims: path } });
  vector(`${id}-negative`, `\`${path}\` is −1.`, withClaims({ [path]: '-1' }), refusedClaims('claim-not-a-count'), { detailContains: { claims: path } });
}
for (const [name, value] of [['zero', '0'], ['minus-zero', '-0'], ['exponent', '1e2'], ['point-zero', '16.0'], ['shifted', '0.16E+2'], ['zero-to-any-power', '0e99999999999999999999'], ['largest', '18446744073709551615']]) {
  vector(`cpu-cores-${name}`, `\`cpuCores\` is ${value}, a whole number.`, withClaims({ 'scrydon.entitlements.cpuCores': value }), valid());
}
for (const [name, value, code] of [
  ['fraction', '1.5', 'claim-not-a-count'], ['almost-whole', '15.99999999999999999999', 'claim-not-a-count'], ['tiny', '1e-400', 'claim-not-a-count'],
  ['2-64', '18446744073709551616', 'claim-not-a-count'], ['infinite', '1e400', 'claim-not-a-count'], ['beyond-32-bit-exponent', '1e5000000000', 'claim-not-a-count'],
  ['beyond-64-bit-exponent', '1e99999999999999999999', 'claim-not-a-count'], ['string', '"16"', 'claim-wrong-type'], ['null', 'null', 'claim-wrong-type'],
  ['boolean', 'true', 'claim-wrong-type'], ['array', '[16]', 'claim-wrong-type'], ['object', '{}', 'claim-wrong-type'],
]) vector(`cpu-cores-${name}`, `\`cpuCores\` is ${value}.`, withClaims({ 'scrydon.entitlements.cpuCores': value }), refusedClaims(code));
for (const [name, value] of [['nan', 'NaN'], ['infinity', 'Infinity'], ['hexadecimal', '0x10'], ['leading-zero', '016'], ['plus', '+16'], ['no-digits-before-point', '.5'], ['no-digits-behind-point', '16.'], ['separators', '16_000']]) {
  vector(`cpu-cores-${name}`, `\`cpuCores\` is ${value}, which JSON does not have.`, withClaims({ 'scrydon.entitlements.cpuCores': value }), malformedPayload('token-not-json'));
}

for (const [name, about, features] of [
  ['empty', 'No feature.', '{}'], ['flags', 'Two flags.', '{"analytics":true,"agentic":false}'], ['limit', 'A limit.', '{"maxUsers":0}'],
  ['unknown', 'Features that nobody knows, of every type.', '{"sso":true,"seats":5,"regions":["eu"],"x":null,"y":{"z":1.5},"":""}'],
  ['hostile-names', 'Features with hostile names.', '{"__proto__":true,"<script>alert(1)</script>":true,"\\u202eabc":1,"\\u0000":false}'],
]) vector(`features-${name}`, about, withClaims({ 'scrydon.features': features }), valid());
for (const [name, about, features, code] of [
  ['null', '`features` is null.', 'null', 'claim-wrong-type'], ['array', '`features` is an array.', '["analytics"]', 'claim-wrong-type'],
  ['flag-string', '`analytics` is a string.', '{"analytics":"yes"}', 'claim-wrong-type'], ['flag-number', '`agentic` is a number.', '{"agentic":1}', 'claim-wrong-type'],
  ['limit-negative', '`maxUsers` is −1.', '{"maxUsers":-1}', 'claim-not-a-count'], ['limit-string', '`maxUsers` is a string.', '{"maxUsers":"250"}', 'claim-wrong-type'],
  ['limit-fraction', '`maxUsers` is 2.5.', '{"maxUsers":2.5}', 'claim-not-a-count'], ['limit-boolean', '`maxUsers` is true.', '{"maxUsers":true}', 'claim-wrong-type'],
]) vector(`features-${name}`, about, withClaims({ 'scrydon.features': features }), refusedClaims(code));
vector('claims-all-wrong', 'Every claim is of the wrong type: all rows say so, the first wrong one gives the code.',
  withPayload('{"sub":1,"iss":1,"aud":1,"exp":"x","nbf":"x","iat":"x","jti":1,"scrydon":1}'),
  refusedClaims('claim-wrong-type', { issuer: 'fail issuer-not-string', audience: 'fail audience-not-string', 'not-before': 'skip not-checked', expiry: 'skip not-checked' }));
vector('claims-empty', 'The claims are an empty object.', withPayload('{}'),
  refusedClaims('claim-missing', { issuer: 'fail issuer-missing', audience: 'fail audience-missing', expiry: 'skip not-checked' }));

// ---------------------------------------------------------------- time

const exp = NOW + 1000;
vector('exp-one-second-before', 'One second before `exp`: valid.', withClaims({ exp: `${exp}` }), valid(), { now: exp - 1, expiresInSeconds: 1 });
vector('exp-exactly', 'At `exp`: expired, without leeway.', withClaims({ exp: `${exp}` }), expired(), { now: exp, expiresInSeconds: 0 });
vector('exp-one-second-after', 'One second after `exp`: expired.', withClaims({ exp: `${exp}` }), expired(), { now: exp + 1, expiresInSeconds: -1 });
vector('exp-59-seconds-after', '59 seconds after `exp`: the leeway of other libraries is not ours.', withClaims({ exp: `${exp}` }), expired(), { now: exp + 59 });
vector('exp-of-the-document', 'The example of the licensing document, long over: the sentence says whom to write to and what to quote.', withClaims({ exp: '1767225600' }), expired(),
  { expiresInSeconds: 1767225600 - NOW, detailContains: { expiry: 'quote cust_acme' } });
vector('exp-fraction-before', '`exp` lies half a second ahead.', withClaims({ exp: `${exp}.5` }), valid(), { now: exp });
vector('exp-fraction-after', '`exp` was half a second ago.', withClaims({ exp: `${exp}.5` }), expired(), { now: exp + 1 });
vector('exp-fraction-shifted-before', '`exp` lies half a second ahead, written with an exponent.', withClaims({ exp: `${exp}5e-1` }), valid(), { now: exp });
vector('exp-fraction-shifted-after', '`exp` was half a second ago, written with an exponent.', withClaims({ exp: `0.${exp}5E+10` }), expired(), { now: exp + 1 });
vector('exp-tiny-fraction', '`exp` lies a hair’s breadth ahead, less than any floating-point number tells.', withClaims({ exp: `${exp}.${'0'.repeat(40)}1` }), valid(), { now: exp });
vector('exp-tiny-fraction-short', '`exp` lies a hair’s breadth before this second.', withClaims({ exp: `${exp - 1}.${'9'.repeat(40)}` }), expired(), { now: exp });
for (const [name, value] of [
  ['exponent', '1.821536e9'], ['point-zero', '1821536000.0'], ['2-63-minus-1', '9223372036854775807'], ['2-63-minus-a-fraction', '9223372036854775807.9999'], ['1e18', '1e18'],
  ['large-with-many-zeros', '1821536000.' + '0'.repeat(3000)], ['small-power', `1821536000${'0'.repeat(3000)}e-3000`],
]) vector(`exp-${name}`, `\`exp\` is ${value.length > 40 ? 'a year ahead, written with 3,000 zeros' : value}: ahead.`, withClaims({ exp: value }), valid());
for (const [name, value] of [
  ['zero', '0'], ['minus-zero', '-0'], ['negative', '-1'], ['tiny', '1e-400'], ['zero-to-any-power', '0e99999999999999999999'], ['small-power-beyond-64-bit', '1e-99999999999999999999'],
  ['minus-2-63', '-9223372036854775808'], ['minus-infinite', '-1e400'], ['minus-beyond-32-bit-exponent', '-1e5000000000'],
]) vector(`exp-${name}`, `\`exp\` is ${value}: past.`, withClaims({ exp: value }), expired());
const noTime = code => refusedClaims(code, { expiry: 'skip not-checked' });
for (const [name, value] of [
  ['2-63', '9223372036854775808'], ['2-64', '18446744073709551616'], ['1e19', '1e19'], ['infinite', '1e400'], ['beyond-32-bit-exponent', '1e5000000000'],
  ['beyond-64-bit-exponent', '1e99999999999999999999'], ['milliseconds-as-nanoseconds', '1821536000000000000000'],
]) vector(`exp-${name}`, `\`exp\` is ${value}: 2⁶³ or more.`, withClaims({ exp: value }), noTime('claim-not-a-time'));
vector('exp-milliseconds', '`exp` is in milliseconds: a date far ahead, and below 2⁶³.', withClaims({ exp: '1821536000000' }), valid());
vector('exp-45000-digits', '`exp` has 45,000 digits.', withClaims({ exp: '9'.repeat(45000) }), noTime('claim-not-a-time'));
vector('exp-45000-decimals', '`exp` has 45,000 digits behind the point.', withClaims({ exp: `1821536000.${'3'.repeat(45000)}` }), valid());
vector('exp-long-exponent', '`exp` has an exponent of 45,000 zeros and a 9.', withClaims({ exp: `1821536000e-${'0'.repeat(45000)}9` }), expired());
for (const [name, value] of [['string', '"1821536000"'], ['null', 'null'], ['boolean', 'true'], ['array', '[1821536000]'], ['object', '{}']]) {
  vector(`exp-${name}`, `\`exp\` is ${value}.`, withClaims({ exp: value }), noTime('claim-wrong-type'));
}
vector('exp-missing', '`exp` is missing: a license without end is none.', withClaims({ exp: null }), noTime('claim-missing'), { detailContains: { claims: '`exp`' } });
vector('exp-upper-case', '`EXP` is another claim.', withClaims({ exp: null, EXP: '1821536000' }), noTime('claim-missing'));

vector('nbf-one-second-before', 'One second before `nbf`: not yet valid.', withClaims({ nbf: `${NOW + 1}` }), notYetValid());
vector('nbf-exactly', 'At `nbf`: valid.', withClaims({ nbf: `${NOW}` }), valid(started));
vector('nbf-one-second-after', 'One second after `nbf`: valid.', withClaims({ nbf: `${NOW - 1}` }), valid(started));
vector('nbf-59-seconds-before', '59 seconds before `nbf`: the leeway of other libraries is not ours.', withClaims({ nbf: `${NOW + 59}` }), notYetValid());
vector('nbf-fraction-before', '`nbf` lies half a second ahead.', withClaims({ nbf: `${NOW}.5` }), notYetValid());
vector('nbf-fraction-after', '`nbf` was half a second ago.', withClaims({ nbf: `${NOW - 1}.5` }), valid(started));
vector('nbf-tiny-fraction', '`nbf` lies a hair’s breadth ahead, less than any floating-point number tells.', withClaims({ nbf: `${NOW}.${'0'.repeat(40)}1` }), notYetValid());
vector('nbf-negative', '`nbf` is before the beginning of time.', withClaims({ nbf: '-1e400' }), valid(started));
vector('nbf-tiny', '`nbf` is 1e-99999999999999999999.', withClaims({ nbf: '1e-99999999999999999999' }), valid(started));
vector('nbf-2-63-minus-1', '`nbf` is 2⁶³−1, and `exp` too: never valid.', withClaims({ nbf: '9223372036854775807', exp: '9223372036854775807' }), notYetValid());
vector('nbf-after-exp', '`nbf` is after `exp`, and both ahead.', withClaims({ nbf: '1830000000' }), notYetValid());
vector('nbf-ahead-exp-past', '`nbf` lies ahead and `exp` is past: not yet valid comes first.', withClaims({ nbf: '1830000000', exp: '1700000000' }), notYetValid({ expiry: 'fail expired' }));
for (const [name, value, code] of [
  ['string', `"${NOW}"`, 'claim-wrong-type'], ['null', 'null', 'claim-wrong-type'], ['boolean', 'false', 'claim-wrong-type'], ['infinite', '1e400', 'claim-not-a-time'], ['2-63', '9223372036854775808', 'claim-not-a-time'],
  ['beyond-32-bit-exponent', '1e5000000000', 'claim-not-a-time'], ['beyond-64-bit-exponent', '1e99999999999999999999', 'claim-not-a-time'],
]) vector(`nbf-${name}`, `\`nbf\` is ${value}.`, withClaims({ nbf: value }), refusedClaims(code, { 'not-before': 'skip not-checked' }));
vector('iat-future', '`iat` lies ahead: that alone is no reason to refuse.', withClaims({ iat: `${NOW + 86400}` }), valid());
vector('iat-fraction', '`iat` has a fraction.', withClaims({ iat: '1789999999.25' }), valid());
vector('iat-string', '`iat` is a string.', withClaims({ iat: '"2026-09-01"' }), refusedClaims('claim-wrong-type'));
vector('iat-null', '`iat` is null.', withClaims({ iat: 'null' }), refusedClaims('claim-wrong-type'));
vector('iat-infinite', '`iat` is 1e400.', withClaims({ iat: '1e400' }), refusedClaims('claim-not-a-time'));
vector('now-before-1970', 'A clock before 1970: not expired yet.', bundle(), valid(), { now: -62135596800 });
vector('now-far-ahead', 'A clock in the year 9999.', bundle(), expired(), { now: 253402300799 });

// ---------------------------------------------------------------- several things at once

vector('precedence-malformed-first', 'A broken token, a private key and an expired claim: malformed.', bundle(`${token({ payload: claims({ exp: '1' }) })}=`, keyFile('rsa2048')),
  malformedToken('token-character', { key: 'fail key-is-private', trust: 'skip not-checked' }));
vector('precedence-key-before-signature', 'A small key that did not sign, and an expired claim: rejected.', bundle(token({ payload: claims({ exp: '1' }) }), pem('rsa1024')),
  refusedKey('key-too-small', { expiry: 'fail expired' }));
vector('precedence-algorithm-before-claims', '`alg` none, another issuer, expired: rejected.', bundle(`${base64url('{"alg":"none"}')}.${base64url(claims({ iss: '"x"', exp: '1' }))}.`),
  refusedAlgorithm('algorithm-none', { issuer: 'fail issuer-other', expiry: 'fail expired' }));
vector('precedence-signature-before-claims', 'Another key signed, another issuer, expired: bad signature.', bundle(token({ key: 'rsa2048-other', payload: claims({ iss: '"x"', exp: '1' }) })),
  badSignature('signature-mismatch', { issuer: 'fail issuer-other', expiry: 'fail expired' }));
vector('precedence-signature-before-expiry', 'Another key signed, and expired: bad signature, for the date is not to be believed.', bundle(token({ key: 'rsa2048-other', payload: claims({ exp: '1' }) })),
  badSignature('signature-mismatch', { expiry: 'fail expired' }));
vector('precedence-claims-before-time', 'A claim is missing, not yet valid, expired: rejected.', withClaims({ jti: null, nbf: '1830000000', exp: '1' }),
  refusedClaims('claim-missing', { 'not-before': 'fail not-yet-valid', expiry: 'fail expired' }));
vector('precedence-issuer-before-expiry', 'Another issuer, expired: rejected.', withClaims({ iss: '"x"', exp: '1' }), refusedIssuer('issuer-other', { expiry: 'fail expired' }));
vector('precedence-key-and-algorithm', 'A private key and `alg` none: rejected, both rows say why.', bundle(unsigned('{"alg":"none"}'), keyFile('rsa2048')), refusedKey('key-is-private', { algorithm: 'fail algorithm-none' }));

// ---------------------------------------------------------------- payload

for (const [name, about, payload, code] of [
  ['not-json', 'plain text', 'hello', 'token-not-json'], ['array', 'an array', '[]', 'token-not-object'], ['string', 'a string', '"x"', 'token-not-object'],
  ['number', 'a number', '1', 'token-not-object'], ['null', 'null', 'null', 'token-not-object'], ['two-objects', 'two objects', `${claims()}${claims()}`, 'token-not-json'],
  ['trailing-comma', 'an object with a trailing comma', claims().replace(/}$/, ',}'), 'token-not-json'], ['comment', 'an object with a comment', `${claims()}/* */`, 'token-not-json'],
  ['cut-off', 'half an object', claims().slice(0, -5), 'token-not-json'], ['bom', 'an object behind a byte order mark', `\ufeff${claims()}`, 'token-not-json'],
  ['latin1', 'an object in Latin-1', Buffer.from(claims({ 'scrydon.org': '"M\xfcller"' }), 'latin1'), 'token-not-utf8'],
  ['utf16', 'an object in UTF-16', Buffer.from(claims(), 'utf16le'), 'token-not-json'],
  ['cesu', 'an object with a surrogate encoded as three bytes', Buffer.concat([Buffer.from('{"a":"'), Buffer.from('eda080', 'hex'), Buffer.from('"}')]), 'token-not-utf8'],
  ['overlong', 'an object with an overlong encoding', Buffer.concat([Buffer.from('{"a":"'), Buffer.from('c0af', 'hex'), Buffer.from('"}')]), 'token-not-utf8'],
  ['raw-control', 'an object with a raw line break in a string', claims({ 'scrydon.org': '"Acme\nCorp"' }), 'token-not-json'],
  ['lone-surrogate', 'an object with half of a surrogate pair', claims({ 'scrydon.org': '"\\ud800"' }), 'token-not-json'],
  ['lone-low-surrogate', 'an object with the other half of a surrogate pair', claims({ 'scrydon.org': '"x\\udc00"' }), 'token-not-json'],
  ['lone-surrogate-in-name', 'an object with half of a surrogate pair in a name', claims().replace('{', '{"\\udbff":1,'), 'token-not-json'],
  ['single-quotes', 'an object in single quotes', claims().replaceAll('"', "'"), 'token-not-json'],
]) vector(`payload-${name}`, `The payload is ${about}, and rightly signed: not a license, though the signature fits.`, withPayload(payload), malformedPayload(code));
vector('payload-nested-token', 'The payload is itself a JWT.', withPayload(JWT), malformedPayload('token-not-json'));

// ---------------------------------------------------------------- duplicate members

vector('duplicate-jwt-same', '`jwt` stands twice with the same value.', `{"jwt":"${JWT}","jwt":"${JWT}","publicKey":${JSON.stringify(PEM)}}`, unread('duplicate-member'), { repaired: true, detailContains: { format: '`jwt`' } });
vector('duplicate-jwt-different', '`jwt` stands twice with two genuine licenses.',
  `{"jwt":"${JWT}","jwt":"${token({ payload: claims({ 'scrydon.tier': '"starter"' }) })}","publicKey":${JSON.stringify(PEM)}}`, unread('duplicate-member'));
vector('duplicate-jwt-escaped', '`jwt` stands twice, once written `\\u006awt`.', `{"jwt":"${JWT}","\\u006awt":"${token({ key: 'rsa2048-other' })}","publicKey":${JSON.stringify(PEM)}}`, unread('duplicate-member'), { repaired: true });
vector('duplicate-key', '`publicKey` stands twice, the attacker’s last.', `{"jwt":"${token({ key: 'rsa2048-other' })}","publicKey":${JSON.stringify(PEM)},"publicKey":${JSON.stringify(other)}}`, unread('duplicate-member'));
vector('duplicate-ignored-member', 'A member that is ignored stands twice.', `{"note":1,"note":2,"jwt":"${JWT}","publicKey":${JSON.stringify(PEM)}}`, unread('duplicate-member'), { repaired: true });
vector('duplicate-case-differs', '`JWT` and `jwt` are two members.', `{"JWT":"x","jwt":"${JWT}","publicKey":${JSON.stringify(PEM)}}`, valid());
vector('duplicate-header-alg', '`alg` stands twice: none first, RS256 last.', withHeader('{"alg":"none","alg":"RS256"}'), malformedHeader('duplicate-member'), { detailContains: { format: '`alg`' } });
vector('duplicate-header-alg-escaped', '`alg` stands twice, once written with an escape.', withHeader('{"alg":"RS256","\\u0061lg":"none"}'), malformedHeader('duplicate-member'));
vector('duplicate-header-nested', 'A member inside the header’s `jwk` stands twice.', withHeader('{"alg":"RS256","jwk":{"kty":"RSA","kty":"oct"}}'), malformedHeader('duplicate-member'), { detailContains: { format: '`jwk.kty`' } });
vector('duplicate-claim-exp', '`exp` stands twice: two parsers, two dates.', withPayload(claims().replace('{', '{"exp":1,')), malformedPayload('duplicate-member'), { detailContains: { format: '`exp`' } });
vector('duplicate-claim-same', '`exp` stands twice with the same value.', withPayload(claims().replace('{', `{"exp":${NOW + YEAR},`)), malformedPayload('duplicate-member'));
vector('duplicate-claim-nested', '`cpuCores` stands twice.', withPayload(claims().replace('"cpuCores":16', '"cpuCores":16,"cpuCores":9999')), malformedPayload('duplicate-member'), { detailContains: { format: '`scrydon.entitlements.cpuCores`' } });
vector('duplicate-claim-nested-escaped', '`tier` stands twice, once written with an escape.', withPayload(claims().replace('"tier"', '"tier":"starter","\\u0074ier"')), malformedPayload('duplicate-member'));
vector('duplicate-claim-in-array', 'A member of an object in an array that nobody reads stands twice.', withPayload(claims().replace('{', '{"x":[{"a":1,"a":2}],')), malformedPayload('duplicate-member'));
vector('duplicate-claim-unknown', 'A claim that nobody knows stands twice.', withPayload(claims().replace('{', '{"x":1,"x":1,')), malformedPayload('duplicate-member'));
vector('duplicate-claim-empty-name', 'A claim with an empty name stands twice.', withPayload(claims().replace('{', '{"":1,"":2,')), malformedPayload('duplicate-member'));
vector('duplicate-hostile-name', 'The name that stands twice is hostile: the sentence stays one bounded line.',
  `{"<img src=x>\\n\\u202e${'A'.repeat(3000)}":1,"<img src=x>\\n\\u202e${'A'.repeat(3000)}":2}`, unread('duplicate-member'));

// ---------------------------------------------------------------- depth

const nested = (depth, inner = '') => '['.repeat(depth) + inner + ']'.repeat(depth);
vector('depth-bundle-20', 'An ignored member nests 20 levels deep.', bundle().replace('{', `{"x":${nested(20)},`), valid());
vector('depth-claims-20', 'A claim that nobody knows nests 20 levels deep.', withPayload(claims().replace('{', `{"x":${nested(20)},`)), valid());
vector('depth-bundle-30000', 'Brackets, 30,000 levels deep, and closed again.', nested(30000), unread('too-deep'));
vector('depth-bundle-objects', 'Objects, 9,000 levels deep.', '{"a":'.repeat(9000) + '1' + '}'.repeat(9000), unread('jwt-missing'));
vector('depth-bundle-unclosed', 'Brackets, 60,000 levels deep, never closed.', '['.repeat(60000), unread('cut-off'));
vector('depth-header', 'The header nests 5,000 levels deep.', withHeader(`{"alg":"RS256","x":${nested(5000)}}`), malformedHeader('too-deep'));
vector('depth-claims', 'The claims nest 20,000 levels deep, rightly signed.', withPayload(claims().replace('{', `{"x":${nested(20000)},`)), malformedPayload('too-deep'));
vector('depth-claims-objects', 'The claims nest 5,000 objects deep, rightly signed.', withPayload(claims().replace('{', `{"x":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)},`)), malformedPayload('too-deep'));

// ---------------------------------------------------------------- hostile text in a good license

const accents = 'Z' + '\u0300\u0301\u0302\u0303\u0304\u0305'.repeat(60);
for (const [name, about, organization] of [
  ['html', 'is markup with a handler', '<img src=x onerror=alert(1)><b>Acme</b>'],
  ['script', 'closes a script and opens a comment', '</script><script>alert(1)</script><!--'],
  ['attribute', 'closes an attribute', '" autofocus onfocus=alert(1) x="\' `'],
  ['template', 'is a template expression', '{{7*7}} ${7*7} <%= 7*7 %> #{7*7}'],
  ['entity', 'is an entity', '&lt;script&gt;&#x3c;&quot;'],
  ['url', 'is a script address', 'javascript:alert(document.domain)'],
  ['sql', 'is SQL', "'; DROP TABLE platform_config; --"],
  ['formula', 'is a spreadsheet formula', '=HYPERLINK("https://attacker.example","x")'],
  ['nul', 'has NUL, escape and bell', 'Acme\0\u001b[31mCorp\u0007'],
  ['line-breaks', 'has line breaks of every kind', 'Acme\r\nX-Injected: 1\u0085\u2028\u2029\u000b\u000cCorp'],
  ['right-to-left', 'has bidirectional controls', '\u202eproC emcA\u202c \u2066x\u2069 \u200f'],
  ['invisible', 'has invisible characters', 'Ac\u200bme\u200d\u2060\ufeff\u00adCo\u{e0041}rp'],
  ['accents', 'has hundreds of stacked accents', accents],
  ['long', 'has 10,000 characters and no place to break', 'W'.repeat(10000)],
  ['world', 'is in many scripts', '株式会社 Ünïcode Ελλάδα עברית العربية 👩‍👩‍👧‍👦 𝒜'],
  ['noncharacter', 'has noncharacters', 'Acme\ufffe\uffff\ufffd'],
]) vector(`hostile-org-${name}`, `The organization’s name ${about}: the license is good, the name is text.`, withClaims({ 'scrydon.org': JSON.stringify(organization) }), valid(), { organization });
vector('hostile-sub', '`sub` has a line break, markup and 5,000 characters, and the license is expired: the sentence stays one bounded line.',
  withClaims({ sub: JSON.stringify(`cust\r\nX: 1<b>\u202e${'s'.repeat(5000)}`), exp: '1' }), expired());
vector('hostile-jti', '`jti` has NUL and line breaks.', withClaims({ jti: '"lic\\u0000\\r\\n\\u001b[2J"' }), valid());

// ---------------------------------------------------------------- encoding and size of the text

const text = bundle();
const BOM = Buffer.from('efbbbf', 'hex');
const bytes = Buffer.from(text);
vector('text-bom', 'A byte order mark stands before the bundle.', `\ufeff${text}`, valid());
vector('text-bom-and-white-space', 'White space stands before and behind the byte order mark.', ` \n\ufeff\r\n ${text}`, valid());
vector('text-two-boms', 'Two byte order marks stand before the bundle.', `\ufeff\ufeff${text}`, valid());
vector('text-white-space-around', 'White space of many kinds stands around the bundle.', `\t\v\f \u00a0\u2003\u2028${text}\u3000\u0085\r\n\v`, valid());
vector('text-crlf', 'The bundle’s lines end in CRLF.', text.replaceAll('\n', '\r\n'), valid());
vector('text-no-break-space-inside', 'The indentation is of no-break spaces, as some mail programs make it.', text.replaceAll('\n  ', '\n\u00a0\u00a0'), unread('not-json'), { repaired: true });
vector('text-bom-inside', 'A byte order mark stands inside the object.', text.replace('{', '{\ufeff'), unread('not-json'), { repaired: true });
vector('text-nul-behind', 'A NUL stands behind the bundle.', `${text}\0`, unread('not-json'), { repaired: true });
vector('text-utf16-le', 'The file is UTF-16, little-endian, with its mark.', Buffer.concat([Buffer.from('fffe', 'hex'), Buffer.from(text, 'utf16le')]), unread('utf16'));
vector('text-utf16-be', 'The file is UTF-16, big-endian, with its mark.', Buffer.concat([Buffer.from('feff', 'hex'), Buffer.from(text, 'utf16le').swap16()]), unread('utf16'));
vector('text-utf16-without-mark', 'The file is UTF-16 without a mark.', Buffer.from(text, 'utf16le'), unread('not-json'));
vector('text-not-utf8', 'A byte of the bundle is not UTF-8.', Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from(`",${text.slice(1)}`)]), unread('not-utf8'), { detailContains: { format: 'byte 7' } });
vector('text-latin1', 'The bundle is Latin-1.', Buffer.from(bundle(JWT, PEM, { note: 'f\xfcr M\xfcller' }), 'latin1'), unread('not-utf8'));
vector('text-cut-inside-character', 'The file ends inside a character.', Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xf0, 0x9f])]), unread('not-utf8'));
vector('text-binary', 'The file is an image.', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), unread('not-utf8'), { detailContains: { format: 'byte 1' } });
vector('text-zip', 'The file is an archive.', Buffer.concat([Buffer.from('504b0304140000000800', 'hex'), Buffer.from([0xb5, 0x59, 0x6b, 0x57])]), unread('not-utf8'));
vector('text-bom-only', 'Nothing but a byte order mark.', BOM, unread('empty'));
vector('text-empty', 'Nothing at all.', '', unread('empty'));
vector('text-white-space-only', 'Nothing but white space.', ' \r\n\t\u00a0 ', unread('empty'));
vector('text-megabytes-of-white-space', 'Three megabytes of white space.', [{ repeat: ' \n', times: 1500000 }], unread('empty'));

const LIMIT = 64 * 1024;
const filled = size => {
  const [before, behind] = ['{"padding":"', `",${text.trim().slice(1)}`];
  return [before, { repeat: 'x', times: size - Buffer.byteLength(before + behind) }, behind];
};
vector('size-64-kib', 'A bundle of exactly 64 KiB.', filled(LIMIT), valid());
vector('size-64-kib-white-space-around', 'A bundle of exactly 64 KiB with white space and a byte order mark around, which do not count.', ['\ufeff\n', ...filled(LIMIT), '\r\n\t \n'], valid());
vector('size-64-kib-wide-white-space-around', 'A bundle of exactly 64 KiB with no-break and ideographic spaces around, which do not count.', ['\u00a0', ...filled(LIMIT), '\u3000\ufeff\n'], valid());
vector('size-64-kib-megabytes-of-white-space-around', 'A bundle of exactly 64 KiB between two megabytes of white space.',
  [{ repeat: ' ', times: 1000000 }, ...filled(LIMIT), { repeat: '\n', times: 1000000 }], valid());
vector('size-64-kib-and-one', 'A bundle of one byte more than 64 KiB.', filled(LIMIT + 1), unread('too-large'), { detailContains: { format: '65 KiB' } });
vector('size-100-kib', 'A good bundle with a picture in it, 100 KiB.', filled(102400), unread('too-large'), { detailContains: { format: '100 KiB' } });
vector('size-megabytes-of-brackets', 'Three megabytes of brackets.', [{ repeat: '[', times: 3000000 }], unread('too-large'));
vector('size-megabytes-of-quotes', 'Three megabytes of escaped quotation marks.', ['"', { repeat: '\\"', times: 1500000 }], unread('too-large'));
vector('size-megabytes-of-dots', 'Three megabytes of dots.', [{ repeat: '.', times: 3000000 }], unread('too-large'));
vector('size-megabytes-of-begin-lines', 'Megabytes of first lines of key blocks.', [{ repeat: `${BEGIN}\n`, times: 100000 }], unread('too-large'));

// ---------------------------------------------------------------- 64 KiB that are meant to be slow

const within = (before, part, behind = '') => [before, { repeat: part, times: Math.floor((LIMIT - Buffer.byteLength(before + behind)) / Buffer.byteLength(part)) }, behind];
vector('slow-many-members', 'A bundle with 5,000 members more.', `{${Array.from({ length: 5000 }, (_, at) => `"m${at}":0,`).join('')}"jwt":"${JWT}","publicKey":${JSON.stringify(PEM)}}`, valid());
vector('slow-long-names', 'Fifteen members whose names differ in their last character, 4,000 characters in.', `{${Array.from({ length: 15 }, (_, at) => `"${'n'.repeat(4000)}${at}":0`).join(',')}}`, unread('jwt-missing'));
vector('slow-many-strings', 'An array of 20,000 empty strings.', within('{"x":[""', ',""', ']}'), unread('jwt-missing'));
vector('slow-many-numbers', 'An array of 32,000 zeros.', within('[0', ',0', ']'), unread('not-object'));
vector('slow-many-escapes', 'A string of 10,000 escapes.', within('{"x":"', '\\u0041', '"}'), unread('jwt-missing'));
vector('slow-wide-and-deep', 'Twenty levels, each with many members.', Array.from({ length: 20 }, (_, at) => `{${Array.from({ length: 200 }, (_, m) => `"${at}${m}":1`).join(',')},"x":`).join('') + '1' + '}'.repeat(20), unread('jwt-missing'));
vector('slow-many-dots', 'A JWT of nothing but dots.', within('{"publicKey":"x","jwt":"', '.', '"}'),
  malformedToken('token-segments', { key: 'fail key-not-pem', trust: 'skip not-checked' }));
vector('slow-many-tokens', 'A text of thousands of small tokens and a key: repairing gives up.', [...within(`${PEM}{`, 'eyJhIjox.eyJi.x ')], unread('public-key-alone'));
vector('slow-many-keys', 'A text of thousands of first lines and one last.', within(`${JWT} `, `${BEGIN} `, END), unread('not-json'));
vector('slow-many-key-blocks', 'A key of thousands of small blocks.', within(`{"jwt":"${JWT}","publicKey":"`, `${BEGIN}AAAA${END}`, '"}'), refusedKey('key-twice'));
vector('slow-key-of-line-breaks', 'A key of literal line breaks.', within(`{"jwt":"${JWT}","publicKey":"${BEGIN}`, '\\\\n', `${KEY_BODY}${END}"}`), valid());
vector('slow-key-without-end', 'A key block that never ends.', within(`{"jwt":"${JWT}","publicKey":"${BEGIN}`, 'A', '"}'), refusedKey('key-cut-off'));
vector('slow-base64', 'Sixty kilobytes of base64 that hold nothing.', within('', 'QUFB'), unread('not-json'));
vector('slow-base64-of-brackets', 'Sixty kilobytes of base64 that hold brackets.', within('', 'e3t7'), unread('base64'));
vector('slow-quotes', 'Thousands of mail quotes.', within('', '> > >\n'), unread('mail-quoting'));
vector('slow-backslashes', 'Sixty kilobytes of backslashes.', within('', '\\'), unread('not-json'));
vector('slow-digits', 'A number of sixty thousand digits.', within('', '7'), unread('not-object'));
vector('slow-features', 'A license with 2,000 features, rightly signed.', withClaims({ 'scrydon.features': `{${Array.from({ length: 2000 }, (_, at) => `"feature${at}":${at}`).join(',')}}` }), valid());
vector('slow-audiences', 'A license for 4,000 audiences, the right one last.', withClaims({ aud: `[${Array.from({ length: 4000 }, (_, at) => `"aud${at}"`).join(',')},"scrydon-platform"]` }), valid());
vector('slow-largest-key', 'Damaged in a way that makes repairing verify several tokens with the costliest key.',
  [3, 2, 1, 0].map(at => token({ key: at ? 'rsa8192' : 'rsa8192-e33', payload: claims({ jti: `"lic_${at}"` }) })).join('\n') + `\n${pem('rsa8192-e33')}`, unread('not-json'), { repaired: true });

// ---------------------------------------------------------------- other things than a bundle

vector('bundle-array', 'The bundle stands in an array.', `[${text}]`, unread('not-object'), { repaired: true });
vector('bundle-null', 'null', 'null', unread('not-object'));
vector('bundle-number', 'A number.', '42', unread('not-object'));
vector('bundle-empty-object', 'An empty object.', '{}', unread('jwt-missing'));
vector('bundle-empty-array', 'An empty array.', '[]', unread('not-object'));
vector('bundle-text', 'A sentence.', 'Where is my bundle', unread('not-json'));
vector('jwt-missing', 'There is a key and no `jwt`.', JSON.stringify({ publicKey: PEM }), withoutToken('jwt-missing'));
vector('key-missing', 'There is a `jwt` and no key.', JSON.stringify({ jwt: JWT }), withoutKey('key-missing'));
vector('jwt-null', '`jwt` is null.', JSON.stringify({ jwt: null, publicKey: PEM }), withoutToken('jwt-not-string'));
vector('jwt-array', '`jwt` is an array of its segments.', JSON.stringify({ jwt: JWT.split('.'), publicKey: PEM }), withoutToken('jwt-not-string'));
vector('jwt-object', '`jwt` is a JWS in JSON form.', JSON.stringify({ jwt: { protected: HEAD, payload: BODY, signature: SIGNATURE }, publicKey: PEM }), withoutToken('jwt-not-string'));
vector('key-null', '`publicKey` is null.', JSON.stringify({ jwt: JWT, publicKey: null }), withoutKey('key-not-string'));
vector('key-array', '`publicKey` is an array of lines.', JSON.stringify({ jwt: JWT, publicKey: PEM.split('\n') }), withoutKey('key-not-string'));
vector('key-object', '`publicKey` is a JSON Web Key.', JSON.stringify({ jwt: JWT, publicKey: b.publicJwk('rsa2048') }), withoutKey('key-not-string'));
vector('members-misnamed', 'The members are named `token` and `public_key`.', JSON.stringify({ token: JWT, public_key: PEM }), unread('jwt-missing'), { repaired: true, detailContains: { format: '`token`' } });
vector('members-key-misnamed', 'The key is named `public_key`.', JSON.stringify({ jwt: JWT, public_key: PEM }), withoutKey('key-missing'), { repaired: true, detailContains: { format: '`public_key`' } });
vector('members-upper-case', 'The members are named `JWT` and `PublicKey`.', JSON.stringify({ JWT, PublicKey: PEM }), unread('jwt-missing'), { repaired: true });
vector('members-nested', 'The bundle stands inside another object.', JSON.stringify({ license: { jwt: JWT, publicKey: PEM } }), unread('jwt-missing'), { repaired: true });
vector('members-swapped', 'Token and key stand in each other’s place.', JSON.stringify({ jwt: PEM, publicKey: JWT }),
  malformedToken('swapped', { key: 'fail key-not-pem', trust: 'skip not-checked' }), { repaired: true });

vector('bare-jwt', 'A token without its key: decoded, and nothing verified.', JWT, bare());
vector('bare-jwt-newline', 'A token without its key, with a newline.', `${JWT}\n`, bare());
vector('bare-jwt-bom', 'A token without its key, behind a byte order mark.', `\ufeff${JWT}`, bare());
vector('bare-jwt-expired', 'A token without its key, expired as it says itself.', token({ payload: claims({ exp: '1' }) }), bare({ expiry: 'fail expired' }));
vector('bare-jwt-alg-none', 'A token without key and without signature.', unsigned('{"alg":"none"}'), bare({ algorithm: 'fail algorithm-none' }));
vector('bare-jwt-hs256', 'A token without its key, of another algorithm.', token({ header: '{"alg":"HS256"}', sign: b.hmac('sha256', 'x') }), bare({ algorithm: 'fail algorithm-unsupported' }));
vector('bare-jwt-of-another-product', 'A token without its key, of another issuer and for another audience.', token({ payload: claims({ iss: '"x"', aud: '"y"', jti: null }) }),
  bare({ issuer: 'fail issuer-other', audience: 'fail audience-other', claims: 'fail claim-missing' }));
vector('bare-jwt-broken-payload', 'A token without its key whose payload is not JSON.', token({ payload: 'hello' }),
  malformedPayload('token-not-json', { key: 'skip not-checked', signature: 'skip not-checked', trust: 'skip not-checked' }));
vector('bare-jwt-quoted', 'A token without its key, in quotation marks.', `"${JWT}"`, unread('not-object'));
vector('bare-jwt-wrapped', 'A token without its key, wrapped at 76 columns.', JWT.match(/.{1,76}/g).join('\n'), unread('not-json'));
vector('bare-jwt-host-name', 'Three words joined by dots.', 'license.example.com-license', malformedHeader('token-encoding', {
  key: 'skip not-checked', trust: 'skip not-checked', issuer: 'skip not-checked', audience: 'skip not-checked', claims: 'skip not-checked', 'not-before': 'skip not-checked', expiry: 'skip not-checked',
}));

vector('alone-private-key', 'A private key alone.', keyFile('rsa2048'), unread('private-key'), { detailContains: { format: 'compromised' } });
vector('alone-private-key-pkcs1', 'A private key (PKCS#1) alone.', b.privateKey('rsa2048').export({ type: 'pkcs1', format: 'pem' }), unread('private-key'));
vector('alone-private-key-encrypted', 'An encrypted private key alone.', keyFile('rsa2048-other-encrypted'), unread('private-key'));
vector('alone-private-key-openssh', 'An OpenSSH private key alone.', keyFile('openssh-private'), unread('private-key'));
vector('alone-private-key-with-bundle', 'A bundle and a private key in one paste.', `${text}\n${keyFile('rsa2048')}`, unread('private-key'));
vector('alone-private-key-damaged-dashes', 'A private key whose first line lost a dash, without its end.', keyFile('rsa2048').slice(0, 400).replace('KEY-----', 'KEY----'), unread('private-key'));
vector('alone-public-key', 'A public key alone.', PEM, unread('public-key-alone'));
vector('alone-pkcs1', 'A PKCS#1 key alone.', pkcs1, unread('public-key-alone'));
vector('alone-certificate', 'A certificate alone.', keyFile('certificate'), unread('certificate-alone'));
vector('alone-jwk', 'A JSON Web Key alone.', JSON.stringify(b.publicJwk('rsa2048')), unread('jwt-missing'));
vector('alone-private-key-in-jwt', 'A private key stands where the token belongs.', bundle(keyFile('rsa2048')), malformedToken('private-key'), { detailContains: { format: 'compromised' } });
vector('alone-private-key-swapped', 'A private key stands where the token belongs, and the token where the key belongs.', bundle(keyFile('rsa2048'), JWT),
  malformedToken('private-key', { key: 'fail key-not-pem', trust: 'skip not-checked' }), { detailContains: { format: 'compromised' } });

vector('alone-private-key-in-other-member', 'A good bundle has the vendor’s private key in a member of its own: pasted by mistake, and compromised.',
  bundle(JWT, PEM, { privateKey: keyFile('rsa2048') }), malformed('private-key'), { detailContains: { format: 'compromised' } });
vector('alone-private-key-nested', 'A good bundle has a private key deep inside a member that is ignored.',
  bundle(JWT, PEM, { keys: [{ old: keyFile('openssh-private') }] }), malformed('private-key'));
vector('alone-private-key-in-unreadable-member', 'A private key stands in another member, whose content has a name twice.',
  besides(`{"a":1,"a":${JSON.stringify(keyFile('rsa2048'))}}`), malformed('private-key'));
vector('valid-note-on-private-keys', 'A note in the bundle speaks of private keys and has none.', bundle(JWT, PEM, { note: 'Never mail a PRIVATE KEY.' }), valid());

// ---------------------------------------------------------------- damaged on the way

vector('damaged-cut-inside-token', 'The paste ends inside the token.', text.slice(0, 300), unread('cut-off'), { detailContains: { format: 'line 2' } });
vector('damaged-cut-inside-key', 'The paste ends inside the key.', text.slice(0, -200), unread('cut-off'), { detailContains: { format: 'line 3' } });
vector('damaged-last-brace-missing', 'The last brace is missing: nothing of the content is.', text.trim().slice(0, -1), unread('cut-off'), { repaired: true });
vector('damaged-first-brace-missing', 'The first brace is missing.', text.slice(1), unread('not-json'), { repaired: true });
vector('damaged-trailing-text', 'A word stands behind the last brace.', `${text.trim()} end`, unread('not-json'), { repaired: true, detailContains: { format: 'line 4' } });
vector('damaged-trailing-brace', 'A brace too many stands at the end.', `${text.trim()}}`, unread('not-json'), { repaired: true });
vector('damaged-leading-text', 'A word stands before the first brace.', `bundle = ${text}`, unread('not-json'), { repaired: true });
vector('damaged-braces-doubled', 'A template doubled the braces.', `{${text.trim()}}`, unread('not-json'), { repaired: true });
vector('damaged-trailing-comma', 'A comma stands behind the last member.', text.replace('\n}', ',\n}'), unread('not-json'), { repaired: true });
vector('damaged-comma-missing', 'The comma between the members is missing.', text.replace(',\n', '\n'), unread('not-json'), { repaired: true, detailContains: { format: 'line 3' } });
vector('damaged-single-quotes', 'Single quotation marks.', text.replaceAll('"', "'"), unread('not-json'), { repaired: true });
vector('damaged-unquoted-names', 'A JavaScript object, its names without quotation marks.', text.replace('"jwt"', 'jwt').replace('"publicKey"', 'publicKey'), unread('not-json'), { repaired: true });
vector('damaged-comment', 'A comment stands inside the object.', text.replace('{', '{ // from the vendor'), unread('not-json'), { repaired: true });
vector('damaged-smart-quotes', 'A word processor made the quotation marks typographic.', text.replace(/"([^"]*)"/g, '“$1”'), unread('smart-quotes'), { repaired: true, detailContains: { format: 'line 2' } });
vector('damaged-german-quotes', 'Typographic quotation marks as German has them.', text.replace(/"([^"]*)"/g, '„$1“'), unread('smart-quotes'), { repaired: true });
vector('damaged-mail-quoting', 'Every line is quoted as in a reply.', text.trim().replaceAll(/^/gm, '> '), unread('mail-quoting'), { repaired: true });
vector('damaged-mail-quoting-twice', 'Every line is quoted twice.', text.trim().replaceAll(/^/gm, '>> '), unread('mail-quoting'), { repaired: true });
vector('damaged-mail-around', 'A mail stands around the bundle.', `Dear customer,\n\nplease find the bundle below.\n\n${text}\nKind regards\n`, unread('not-json'), { repaired: true });
vector('damaged-mail-naming-license', 'A mail stands around the bundle, and its first line ends in “license:”.', `Dear customer, this is your license:\n\n${text}`, unread('not-json'), { repaired: true });
vector('damaged-code-fence', 'A code fence stands around the bundle.', `\`\`\`json\n${text}\`\`\`\n`, unread('code-fence'), { repaired: true });
vector('damaged-line-wrapped', 'A mail program wrapped the lines, also inside the strings.', text.replaceAll(/.{72}/g, '$&\n'), unread('line-break'), { repaired: true, detailContains: { format: 'line 2' } });
vector('damaged-real-line-breaks', 'The escaped line breaks of the key became real ones.', text.replaceAll('\\n', '\n'), unread('line-break'), { repaired: true });
vector('damaged-html', 'A formatted mail, saved as it is.', `<html><body><pre>${text.replaceAll('"', '&quot;')}</pre></body></html>`, unread('html'), { repaired: true });
vector('damaged-html-page', 'A sign-in page was saved in place of the file.', '<!DOCTYPE html><html><head><title>Sign in</title></head><body><form></form></body></html>', unread('html'));
vector('damaged-yaml', 'The bundle as YAML.', `jwt: ${JWT}\npublicKey: |\n${PEM.replaceAll(/^(?=.)/gm, '  ')}`, unread('yaml'), { repaired: true });
vector('damaged-helm-values', 'The bundle as Helm values.', `auth:\n  secrets:\n    LICENSE: |\n      ${JWT}\n    LICENSE_PUBLIC_KEY: |\n${PEM.replaceAll(/^(?=.)/gm, '      ')}`, unread('yaml'), { repaired: true });
vector('damaged-environment', 'The bundle as environment variables.', `LICENSE='${JWT}'\nLICENSE_PUBLIC_KEY="${PEM.trim().replaceAll('\n', '\\n')}"\n`, unread('not-json'), { repaired: true });
vector('damaged-token-then-key', 'The two texts one after the other, without JSON.', `${JWT}\n\n${PEM}`, unread('not-json'), { repaired: true });
vector('damaged-key-then-token', 'The two texts one after the other, key first.', `${PEM}\n${JWT}\n`, unread('public-key-alone'), { repaired: true });
vector('damaged-token-of-another-key', 'The two texts one after the other, and they do not belong together: no repair.', `${JWT}\n\n${other}`, unread('not-json'));
vector('damaged-two-bundles', 'Two bundles, one after the other.', text + bundle(token({ payload: claims({ jti: '"lic_2"' }) })), unread('two-bundles'), { detailContains: { format: 'line 5' } });
vector('damaged-two-bundles-two-keys', 'Two bundles of two vendors’ keys.', text + bundle(token({ key: 'rsa2048-other' }), other), unread('two-bundles'));
vector('damaged-same-bundle-twice', 'The same bundle twice.', text + text, unread('two-bundles'), { repaired: true });
vector('damaged-two-bundles-in-array', 'Two bundles in an array.', `[${text},${bundle(token({ payload: claims({ jti: '"lic_2"' }) }))}]`, unread('two-bundles'));
vector('damaged-base64', 'The whole bundle in base64.', Buffer.from(text).toString('base64'), unread('base64'), { repaired: true });
vector('damaged-base64url', 'The whole bundle in base64url without padding.', base64url(text), unread('base64'), { repaired: true });
vector('damaged-base64-wrapped', 'The whole bundle in base64 with lines of 76 characters.', Buffer.from(text).toString('base64').replaceAll(/.{76}/g, '$&\n'), unread('base64'), { repaired: true });
vector('damaged-double-encoded', 'The bundle as a JSON string.', JSON.stringify(text), unread('double-encoded'), { repaired: true });
vector('damaged-escaped-quotes', 'The bundle with its quotation marks still escaped.', JSON.stringify(text.trim()).slice(1, -1), unread('double-encoded'), { repaired: true });
vector('damaged-bad-signature-inside', 'The last brace is missing and the token was changed: no repair.', bundle(b.changed(JWT, 60)).trim().slice(0, -1), unread('cut-off'));
vector('damaged-algorithm-inside', 'The last brace is missing and the token is unsigned: no repair.', bundle(unsigned('{"alg":"none"}')).trim().slice(0, -1), unread('cut-off'));
vector('damaged-weak-key-inside', 'The last brace is missing and the key is too small: no repair.', bundle(token({ key: 'rsa1024' }), pem('rsa1024')).trim().slice(0, -1), unread('cut-off'));
vector('damaged-expired-inside', 'The last brace is missing and the license expired: repaired it is expired, and genuine.', withClaims({ exp: '1' }).trim().slice(0, -1), unread('cut-off'), { repaired: true });
{
  // A bundle on one line of just 64 KiB, its last brace missing: written out neatly it would no longer fit.
  const oneLine = `${BEGIN}${KEY_BODY}${END}`;
  const large = size => `{"jwt":"${token({ payload: claims({ padding: `"${'x'.repeat(size)}"` }) })}","publicKey":"${oneLine}"`;
  let size = 48000;
  while (large(size + 3).length <= LIMIT) size += 3;
  vector('damaged-too-large-for-repair', 'The last brace of a bundle of nearly 64 KiB is missing: repaired it would be too large.', large(size), unread('cut-off'));
  vector('damaged-large-and-repaired', 'The last brace of a bundle of 60 KiB is missing.', large(size - 3000), unread('cut-off'), { repaired: true });
}
