// A client for Countersign. No dependencies; runs in Node from 18 on, and in browsers. The types stand in index.d.ts.

export function createClient({ baseURL = globalThis.location?.origin, fetch = globalThis.fetch, headers = {}, keepSession = true } = {}) {
  const base = new URL(baseURL ?? "");
  if (!/^https?:$/.test(base.protocol)) throw new TypeError("baseURL must begin with https:// or http://");
  const home = base.origin + base.pathname.replace(/\/+$/, "");
  // In browsers it stays empty: they keep cookies themselves, and show none.
  const jar = new Map();

  async function ask(method, path, body, more = {}) {
    const sent = new Headers(headers);
    for (const [name, value] of Object.entries(more)) sent.set(name, value);
    sent.set("accept", "application/json");
    if (body !== undefined) sent.set("content-type", "application/json");
    if (jar.size > 0) {
      const given = sent.get("cookie");
      sent.set("cookie", [...(given ? [given] : []), ...Array.from(jar, ([name, value]) => `${name}=${value}`)].join("; "));
    }
    let response, text;
    try {
      response = await fetch(`${home}/api/auth/${path}`, {
        method,
        headers: sent,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "same-origin",
        // No answer of the platform is one. Whoever gets the session elsewhere would have it.
        redirect: "error",
        cache: "no-store",
      });
      text = await response.text();
    } catch (cause) {
      return failed({ status: 0, code: "unreachable", message: "The platform cannot be reached.", cause });
    }
    if (keepSession) keep(jar, response.headers);
    return told(response, text);
  }

  return {
    signIn: { email: ({ email, password }) => ask("POST", "sign-in/email", { email, password }) },
    signOut: () => ask("POST", "sign-out", {}),
    getSession: () => ask("GET", "get-session"),
    license: {
      getClaims: () => ask("POST", "license/get-claims", {}),
      getStatus: () => ask("GET", "license/status"),
      preview: ({ jwt, publicKey }) => ask("POST", "license/preview", { jwt, publicKey }),
      rotate: ({ jwt, publicKey, acknowledge = [] }, { revision } = {}) =>
        ask("POST", "license/rotate", { jwt, publicKey, acknowledge }, revision === undefined ? {} : { "if-match": `"${revision}"` }),
    },
  };
}

const failed = (error) => ({ data: null, error });

/** What an answer says, as `{ data, error }`. */
function told({ ok, status, headers }, text) {
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    // A proxy's page, or an answer that was cut off.
    return failed({ status, code: "not-json", message: `The answer is not the platform's: it has status ${status} and is no JSON.` });
  }
  if (ok) return { data: json, error: null };
  const problem = typeof json === "object" && json !== null ? json : {};
  const wait = headers.get("retry-after");
  if (/^\d+$/.test(wait ?? "")) problem.retryAfter = Number(wait);
  return failed({ code: "not-json", ...problem, status, message: problem.detail ?? problem.title ?? `The platform answered ${status}.` });
}

/** Keeps the session's cookie, or forgets it. */
function keep(jar, headers) {
  // The first versions of Node 18 have them all in one text.
  const lines = headers.getSetCookie?.() ?? headers.get("set-cookie")?.split(/,(?=\s*[\w-]+=)/) ?? [];
  for (const line of lines) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    if (!/^(__Host-)?session$/.test(name)) continue;
    const isOver = value === "" || attributes.some((attribute) => /^max-age=0$/i.test(attribute));
    if (isOver) jar.delete(name);
    else jar.set(name, value);
  }
}
