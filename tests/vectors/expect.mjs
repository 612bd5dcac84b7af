// What an inspection must say, written as the deviations from a valid bundle.

const GOOD = {
  format: 'pass bundle',
  key: 'pass rsa-public-key',
  algorithm: 'pass rs256',
  signature: 'pass signature-fits',
  trust: 'warn bundled',
  issuer: 'pass issuer-matches',
  audience: 'pass audience-matches',
  claims: 'pass claims-complete',
  'not-before': 'skip not-limited',
  expiry: 'pass not-expired',
};
const SKIP = 'skip not-checked';
const skip = (...rows) => Object.fromEntries(rows.map(row => [row, SKIP]));
const ABOUT_CLAIMS = ['issuer', 'audience', 'claims', 'not-before', 'expiry'];

/** The expectation of that verdict, with these rows in place of a valid bundle's. */
function expect(verdict, rows) {
  const unknown = Object.keys(rows).filter(row => !(row in GOOD));
  if (unknown.length) throw new Error(`no such row: ${unknown}`);
  const checks = { ...GOOD, ...rows };
  const trust = { 'warn bundled': 'bundled', 'pass pinned': 'pinned' }[checks.trust] ?? null;
  const judged = verdictOf(checks);
  if (judged !== verdict) throw new Error(`the rows say ${judged}, the table says ${verdict}`);
  return { verdict, trust, checks };
}

/** The precedence of DESIGN.md, section 3, read off the rows. */
function verdictOf(checks) {
  const fails = row => checks[row].startsWith('fail');
  if (fails('format')) return 'malformed';
  if (checks.format === 'warn bare-jwt') return 'unverified';
  if (fails('key') || fails('algorithm')) return 'rejected';
  if (fails('signature')) return 'bad-signature';
  if (['issuer', 'audience', 'claims'].some(fails)) return 'rejected';
  if (fails('not-before')) return 'not-yet-valid';
  if (fails('expiry')) return 'expired';
  return 'valid';
}

export const valid = (rows = {}) => expect('valid', rows);
export const expired = (rows = {}) => expect('expired', { expiry: 'fail expired', ...rows });
export const notYetValid = (rows = {}) => expect('not-yet-valid', { 'not-before': 'fail not-yet-valid', ...rows });
export const badSignature = (code = 'signature-mismatch', rows = {}) =>
  expect('bad-signature', { signature: `fail ${code}`, ...rows });

/** The key is refused, so nothing can be verified with it; what the token says is still read. */
export const refusedKey = (code, rows = {}) =>
  expect('rejected', { key: `fail ${code}`, ...skip('signature', 'trust'), ...rows });

/** The header is refused, so the signature means nothing. */
export const refusedAlgorithm = (code, rows = {}) =>
  expect('rejected', { algorithm: `fail ${code}`, ...skip('signature'), ...rows });

/** The signature is right and a claim is not. */
export const refusedClaims = (code, rows = {}) => expect('rejected', { claims: `fail ${code}`, ...rows });
export const refusedIssuer = (code, rows = {}) => expect('rejected', { issuer: `fail ${code}`, ...rows });
export const refusedAudience = (code, rows = {}) => expect('rejected', { audience: `fail ${code}`, ...rows });

/** The text is no bundle, though all of its parts are right. */
export const malformed = (code, rows = {}) => expect('malformed', { format: `fail ${code}`, ...rows });

/** The token's outer form is broken: only the key can be judged. */
export const malformedToken = (code, rows = {}) =>
  expect('malformed', { format: `fail ${code}`, ...skip('algorithm', 'signature', ...ABOUT_CLAIMS), ...rows });

/** The header cannot be read: no algorithm, so no signature check. */
export const malformedHeader = (code, rows = {}) =>
  expect('malformed', { format: `fail ${code}`, ...skip('algorithm', 'signature'), ...rows });

/** The payload cannot be read; the signature is over its bytes, and right. */
export const malformedPayload = (code, rows = {}) =>
  expect('malformed', { format: `fail ${code}`, ...skip(...ABOUT_CLAIMS), ...rows });

/** Nothing could be read. */
export const unread = (code, rows = {}) =>
  expect('malformed', { format: `fail ${code}`, ...skip('key', 'algorithm', 'signature', 'trust', ...ABOUT_CLAIMS), ...rows });

/** A token without its key. */
export const bare = (rows = {}) =>
  expect('unverified', { format: 'warn bare-jwt', ...skip('key', 'signature', 'trust'), ...rows });

/** A bundle without a readable key member: the token is read, and nothing verified. */
export const withoutKey = (code, rows = {}) =>
  expect('malformed', { format: `fail ${code}`, ...skip('key', 'signature', 'trust'), ...rows });

/** A bundle without a readable token member: the key is judged. */
export const withoutToken = (code, rows = {}) => malformedToken(code, rows);
