// The first inputs of the fuzzers in server/fuzz: what the tests ask, once for each endpoint and kind of answer.
// server/fuzz/src/input.rs says how an input is read.

import { readFileSync } from 'node:fs';

const FOLDER = '../../server/fuzz/seeds/';
const SECRET = 'c4n4ry-53cr3t';

const document = JSON.parse(readFileSync(new URL('../../server/src/http/openapi/openapi.json', import.meta.url)));
const byPath = ([a], [b]) => (a < b ? -1 : 1);
const documented = Object.entries(document.paths).sort(byPath)
  .flatMap(([path, item]) => Object.keys(item).sort().map(method => ({ path, method, operation: item[method] })));
const PAGES = [
  '/', '/license-checker', '/analytics', '/sign-in', '/invitation', '/setup', '/setup/license', '/setup/admin',
  '/setup/organization', '/setup/email', '/setup/complete', '/settings/license', '/settings/license/update',
  '/settings/organization', '/settings/email', '/settings/network', '/settings/users', '/settings/sessions',
  '/settings/audit', '/pkg/{id}', '/favicon.ico',
];
const routes = [...documented, ...PAGES.map(path => ({ path, method: 'get' }))];
const letter = path => String.fromCharCode(33 + routes.findIndex(route => route.path === path));

const [NOBODY, MEMBER, ORG_ADMIN, ADMIN, STRANGER, INSTALLER, FOUNDER] = '1234567';

const smtp = {
  provider: 'smtp', host: '127.0.0.1', port: 587, security: 'starttls', username: 'countersign', password: SECRET,
  from: 'license@example.com', fromName: 'License <c4n4ry>', to: 'admin@example.com',
};
const password = `${SECRET} three blue mountains`;

/** Who asks what, with what: role, path, body, and what stands for `{id}` and the query. */
function requests(bundle) {
  const text = JSON.stringify(bundle);
  return [
    [STRANGER, '/api/setup/license', bundle],
    [STRANGER, '/api/setup/license', { jwt: SECRET, publicKey: bundle.publicKey, setupToken: SECRET }],
    [INSTALLER, '/api/setup/admin', { name: '<c4n4ry>', email: 'ada@example', password: 'short' }],
    [FOUNDER, '/api/setup/organization', { name: 'Acme <c4n4ry>' }],
    [FOUNDER, '/api/setup/email', smtp],
    [FOUNDER, '/api/setup/email/test', smtp],
    [FOUNDER, '/api/setup/complete', {}],
    [NOBODY, '/api/auth/sign-in/email', { email: 'admin@example.com', password, next: '/settings/users' }],
    [NOBODY, '/api/invitations/accept', { code: SECRET, name: 'Ada', password }],
    [MEMBER, '/api/auth/sign-out', {}],
    [MEMBER, '/api/auth/sessions/{id}/revoke', {}, 'SESSION'],
    [MEMBER, '/api/auth/sessions/revoke-others', {}],
    [MEMBER, '/api/auth/change-password', { currentPassword: password, newPassword: `${SECRET} four` }],
    [MEMBER, '/api/auth/license/get-claims', {}],
    [MEMBER, '/api/license/dismiss', { notice: 'expires-soon' }],
    [ORG_ADMIN, '/api/license/usage', { service: 'render <c4n4ry>', cpuCores: 16, ramGb: 64, vramGb: 0 }],
    [ORG_ADMIN, '/api/auth/license/check', {}],
    [ORG_ADMIN, '/api/auth/license/preview', bundle],
    [ADMIN, '/api/auth/license/rotate', { ...bundle, acknowledge: ['key-changed', 'downgrade'], revision: 1 }],
    [ADMIN, '/api/auth/license/rotate', { bundle: text }],
    [ADMIN, '/api/auth/license/revert', { acknowledge: ['downgrade'] }],
    [ADMIN, '/api/auth/license/copy', {}],
    [ORG_ADMIN, '/api/invitations', { email: 'new@example.com', role: 'member' }],
    [ORG_ADMIN, '/api/invitations/{id}/revoke', {}, 'INVITATION'],
    [ADMIN, '/api/users/{id}/role', { role: 'org-admin' }, 'MEMBER'],
    [ADMIN, '/api/users/{id}/remove', {}, 'ORG_ADMIN'],
    [ADMIN, '/api/settings/organization', { name: 'Acme & Sons' }],
    [ADMIN, '/api/settings/email', { provider: 'resend', apiKey: SECRET, from: 'license@example.com' }],
    [ADMIN, '/api/settings/email/test', smtp],
  ];
}

const QUERIES = {
  '/api/audit': '?action=session.began&actor=admin%40example.com&before=5',
  '/api/audit/export': '?action=&before=9223372036854775807',
  '/api/license/authorize': '?feature=analytics',
  '/sign-in': '?next=%2Fsettings%2Fusers',
  '/invitation': '#code',
  '/pkg/{id}': '..%2f..%2fCargo.toml',
};

const HEADERS = {
  '/api/license/usage': ['bauthorization'],
  '/metrics': [`bBearer ${SECRET}`],
  '/api/auth/get-session': [`asession=${SECRET}; returned=${SECRET}; installer=`],
  '/api/auth/sign-in/email': ['c10.0.0.5, 127.0.0.1', 'nhttps://example.com', 'otrue'],
  '/api/setup/license': [`p${SECRET}`, 'lplatform.example.com', 'xhttp/1.0 proxy', 'rapplication/json'],
  '/api/auth/license/rotate': ['g"1"', 'rapplication/json', 'osame-origin', 'h*'],
  '/pkg/{id}': ['h"script", W/"style"', 'jbr;q=1.0, gzip;q=0, *;q=0.5', 'ubytes=0-1'],
  '/': ['itext/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'kde-AT,de;q=0.9', 'qMozilla/5.0'],
  '/settings/users': ['ffor="[2001:db8::1]";proto=https;host=example.com', 'eto', 'w10.0.0.1'],
  '/api/invitations': ['lexample.com', 'dexample.net', 'ehttps', 'rapplication/json', 'osame-origin'],
};

const CONFIGURATIONS = {
  toml: [
    'listen_addr = "127.0.0.1:3000"\n\n[license]\nmode = "offline"\ntrustedKeys = ["ab", "cd"]\ngracePeriod = 86400\n',
    `secret_key = "${SECRET}\nbase_path = `,
    'BASE_PATH = "/platform"\nbasePath = "/other"\nlisten-adr = 1\n',
    'license = { mode = 1, trust = true, apiUrl = 1979-05-27T07:32:00Z }\nno_proxy = [[1], 2.5e9, nan]\n',
    `"${SECRET}" = """\n\\u202e\\U0010ffff"""\n'\'`,
  ],
  settings: [
    ['ea/platform', 'fbpostgres://countersign:@db.example.com/x?sslmode=verify-full&password=x', 'ecmail.example.com:25,[fd00::5]:443'],
    ['cehttp://u:@proxy.example.com:3128', 'eplocalhost,.example.com', 'ed/etc/ssl/ca.pem', 'cfeyJ', 'fj-----BEGIN PUBLIC KEY-----'],
    ['eghttps://license.example.com/validate', 'fh2592000', 'ciairgapped', 'ekpinned', 'el' + 'ab'.repeat(32), 'em0.0.0.0:3000'],
    ['en[::1]:9100', 'co', 'fqhttps://platform.example.com/platform', 'er', 'es', 'et10.0.0.5, ::1, 192.168.0.300'],
    ['cehttp?://u:@h', 'fb:@sqlite://', 'cq//:@', 'cg:@'],
    ['ebpostgres://u:p@[::1]:5432/x?sslmode=VERIFY-CA&sslrootcert=/none/ca.pem&options[a]=b&host=/run/db'],
  ],
};

const NEXT = '\n--\n';
const http = (status, headers, body) => `HTTP/1.1 ${status}\r\n${headers.map(line => `${line}\r\n`).join('')}\r\n${body}`;
// As much of a proxy's answer is read at once. What it says next is read by TLS, when whoever said it is gone.
const HEAD_BYTES = 8192;
const JSON_TYPE = 'content-type: application/json';
const CONVERSATION = ['220 mail.example.com ESMTP\r', '250-mail.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r',
  '235 2.7.0 accepted\r', '250 2.1.0 ok\r', '250 2.1.5 ok\r', '354 go ahead\r', '250 2.0.0 queued as 42\r', '221 bye\r'];
/** By the digit that says who is called: `0` and `6` after it are the same one. */
const REPLIES = {
  license: ['{"status":"valid","licenseId":"$ID","nonce":"$NONCE"}', '{"status":"revoked","licenseId":"$ID","nonce":"$NONCE","reason":"Not paid.\\u202e\\nCall us."}',
    '{"status":"valid","licenseId":"$ID"}', '{"status":"valid","licenseId":"lic_other","nonce":"$NONCE"}',
    '{"status":"unknown"}', '["valid","$ID","$NONCE"]', '{"status":"valid","status":"revoked","licenseId":"$ID","nonce":"$NONCE"}'],
  http: [http('200 OK', [JSON_TYPE], '{"status":"valid","licenseId":"$ID","nonce":"$NONCE"}'), http('429 No', ['retry-after: 4294967295'], ''),
    http('302 Found', ['location: http://127.0.0.1:1/'], ''), http('200 OK', [JSON_TYPE, 'transfer-encoding: chunked'], '5\r\n{"sta\r\n0\r\n\r\n'),
    http('200 OK', [JSON_TYPE, 'content-length: 99999999999'], '{'), http('100 Continue', [], http('204 No', [], ''))],
  proxy: [http('200 Connection established', [], `${NEXT}\x16\x03\x03\x00\x02\x01\x00`), http('407 Proxy Authentication Required', ['proxy-authenticate: Basic'], '$SAID'),
    http('200 OK', [`x: ${'a'.repeat(HEAD_BYTES - http('200 OK', ['x: '], '').length)}`], 'gone')],
  smtp: [CONVERSATION.join(NEXT), [...CONVERSATION.slice(0, 2), '535 5.7.8 no: $SAID\r'].join(NEXT), '421 4.3.2 busy\r\n', '220-x\r\n221 y\r\n',
    [...CONVERSATION.slice(0, 4), '550-5.1.1 No such\r\n550 m\xe4ilbox\r'].join(NEXT), `2${'\x16'.repeat(200)}`],
  starttls: [['220 hello\r', '250-hello\r\n250 STARTTLS\r', '220 go\r', '\x15\x03\x01\x00\x02\x02\x28'].join(NEXT),
    ['220 hello\r', '250-hello\r\n250 STARTTLS\r', '220 go\r\n250 smuggled\r'].join(NEXT), ['220 hello\r', '250 hello\r'].join(NEXT), '554 no $SAID\r\n'],
  resend: [http('200 OK', [JSON_TYPE], '{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}'),
    http('401 No', [JSON_TYPE], '{"name":"invalid_api_key","message":"no: $SAID"}'), http('422 No', [JSON_TYPE], '{"message":"from"}'), http('503 No', [], '<html>')],
};

/** Pairs of path and content. */
export function serverSeeds(vectors) {
  const files = new Map();
  const bundle = JSON.parse(vectors.find(vector => vector.name === 'valid').input.toString());
  const add = (fuzzer, name, content) => files.set(`${FOLDER}${fuzzer}/${name}`, Buffer.from(content, 'latin1'));
  const named = path => path.replace(/^\/(api\/)?/, '').replace(/[^a-z]+/g, '-').replace(/-$/, '') || 'home';

  requests(bundle).forEach(([role, path, body, id = ''], index) => {
    const name = `${named(path)}-${index}`;
    add('api', name, `${role}${letter(path)}${id}\n\n${JSON.stringify(body)}`);
    const [first] = Object.keys(body);
    if (first) add('api', `refused-${name}`, `${role}${letter(path)}${id}\n\n${JSON.stringify({ ...body, [first]: '' })}`);
    const fields = Object.entries('jwt' in body ? { ...body, jwt: undefined, publicKey: undefined, bundle: JSON.stringify(body) } : body)
      .flatMap(([name, value]) => [value].flat().filter(value => value !== undefined).map(value => [name, value]));
    add('forms', name, `${role}${letter(path)}${new URLSearchParams(fields)}`);
  });
  routes.filter(({ method }) => method === 'get').forEach(({ path }, index) => {
    const role = path.startsWith('/setup') ? '567'[index % 3] : '1234'[index % 4];
    add('api', `get-${named(path)}`, `${role}${letter(path)}${QUERIES[path] ?? ''}\n`);
  });
  add('api', 'other-method', '1\nDELETE /api/users/MEMBER\n\n{}');
  add('api', 'other-path', '1\nGET /%2e%2e/%00/..;/api//users?x=%ff\nhost: example.com\naccept: text/html\n');
  add('api', 'other-type', `4${letter('/api/invitations')}\ncontent-type: text/plain; charset=utf-16\norigin: null\n\n{"email":1}`);
  add('api', 'same-site', `4${letter('/api/settings/organization')}\nsec-fetch-site: same-site\n\n{"name":"Acme"}`);
  add('api', 'odd-id', `4${letter('/api/users/{id}/remove')}MEMBER'%20or%201=1--\n\n{}`);
  add('api', 'odd-json', `4${letter('/api/invitations')}\n\n{"email":["a","b"],"role":null,"role":true,"\\u0000":"\\ud800",1e400:-0}`);
  add('forms', 'foreign', `T${letter('/api/settings/organization')}name=Acme`);
  add('forms', 'odd-escapes', `4${letter('/api/invitations')}email=%&role=%f&email=%FF%fe&=%00&+=+&email=a%40b&&;role=member`);
  for (const [path, lines] of Object.entries(HEADERS)) {
    for (const role of path.startsWith('/api/setup') ? [STRANGER, INSTALLER] : [NOBODY, ADMIN]) {
      add('cookies', `${named(path)}-${role}`, `${role}${letter(path)}${lines.join('\n')}`);
    }
  }
  // The administrator's session as it is, with a changed character, a further one, and under other names.
  const sessions = ['session=', `session=${'.'.repeat(42)}~`, 'session=~', `session=${'.'.repeat(43)}~`, '__Host-session=', 'Session='];
  sessions.forEach((cookie, index) => add('cookies', `session-${index}`, `${NOBODY}${letter('/api/users')}y${cookie}`));
  CONFIGURATIONS.toml.forEach((text, index) => add('config', `toml-${index}`, `0${text}`));
  CONFIGURATIONS.settings.forEach((lines, index) => add('config', `settings-${index}`, `1${lines.join('\n')}`));
  Object.entries(REPLIES).forEach(([name, scripts], kind) => {
    scripts.forEach((script, index) => add('replies', `${name}-${index}`, `${kind}${script}`));
  });
  return files;
}
