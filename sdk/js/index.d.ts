/** Makes a client of one platform. Nothing is sent before it is asked something. */
export declare function createClient(options?: ClientOptions): Client;

export interface ClientOptions {
  /** Where the platform is, its base path included: `https://platform.example.com/platform`. In browsers, the page's origin if left out. */
  baseURL?: string;
  /** In place of the global `fetch`: for a proxy, a time limit, another certificate authority, or a test. */
  fetch?: typeof globalThis.fetch;
  /** Sent with each request, such as the `cookie` of whoever a service asks for. */
  headers?: Record<string, string>;
  /**
   * Whether the session's cookie is kept in memory from sign-in to sign-out, and sent along; `true` if left out. Browsers keep cookies
   * themselves, whatever this says.
   */
  keepSession?: boolean;
}

export interface Client {
  signIn: {
    /** Begins a session. */
    email(account: { email: string; password: string }): Promise<Answer<SignedIn>>;
  };
  /** Ends the session, on the server as well. */
  signOut(): Promise<Answer<Record<string, never>>>;
  /** Who is signed in; `data` is `null`, without an error, if nobody is. */
  getSession(): Promise<Answer<SignedIn | null>>;
  license: {
    /** What is licensed right now. For whoever is signed in. */
    getClaims(): Promise<Answer<Licensed>>;
    /** One sentence for a banner. For whoever is signed in. */
    getStatus(): Promise<Answer<LicenseStatus>>;
    /** What a bundle is worth, and what it would change; changes nothing. For administrators. */
    preview(bundle: Bundle): Promise<Answer<Preview>>;
    /**
     * Replaces JWT and key together, or nothing. `revision` is the one that the change is meant for, from `preview`, `getClaims` or
     * `getStatus`; 0 where nothing is installed. For administrators.
     */
    rotate(bundle: Bundle & { acknowledge?: readonly Acknowledgement[] }, on?: { revision: number }): Promise<Answer<Rotated, RotateError>>;
  };
}

/** What came of it: one of the two is `null`. Only wrong use throws; what servers and networks do is an `error`. */
export type Answer<Data, Refused = ClientError> = { data: Data; error: null } | { data: null; error: Refused };

/** A license as the vendor ships it. */
export interface Bundle {
  jwt: string;
  publicKey: string;
}

export interface SignedIn {
  user: { id: string; name: string; email: string; role: Role };
}

export type Role = "member" | "org-admin" | "platform-admin";

export type State = "unlicensed" | "not-yet-valid" | "active" | "expiring" | "expired" | "degraded" | "lapsed" | "revoked" | "tampered";
export type Verdict = "valid" | "expired" | "not-yet-valid" | "bad-signature" | "rejected" | "malformed" | "unverified";
export type Trust = "pinned" | "known" | "bundled";
export type Acknowledgement = "key-changed" | "downgrade" | "expires-sooner" | "older";

/** The claims of a genuine license. JavaScript rounds numbers beyond 2⁵³. */
export interface Claims {
  iss: string;
  sub: string;
  aud: string | string[];
  exp: number;
  nbf?: number;
  iat?: number;
  jti: string;
  scrydon: {
    org: string;
    tier: "starter" | "professional" | "enterprise";
    entitlements: { cpuCores: number; ramGb: number; vramGb: number };
    features?: { analytics?: boolean; agentic?: boolean; maxUsers?: number; [feature: string]: unknown };
    [claim: string]: unknown;
  };
  [claim: string]: unknown;
}

/** A signing key: what to compare with what the vendor publishes is `sha256`. */
export interface Key {
  bits: number;
  exponent: number;
  sha256: string;
}

export interface Licensed {
  /** `null` unless the license is genuine. `state` says whether it counts now. */
  claims: Claims | null;
  trust: Trust | null;
  state: State;
  verdict: Verdict | null;
  key: Key | null;
  revision: number;
  /** Negative once it has expired. */
  expiresInSeconds: number | null;
  source: string | null;
  /** RFC 3339, in UTC. */
  installedAt: string | null;
}

export interface LicenseStatus {
  state: State;
  /** RFC 3339, in UTC. */
  expiresAt: string | null;
  expiresInSeconds: number | null;
  revision: number;
  /** All that there is to say, for people. */
  message: string;
  /** Whether who asks may install another. */
  canAct: boolean;
  /** What banners say to who asks, the loudest first; empty while all is well. */
  notices: LicenseNotice[];
  mode: "online" | "offline" | "airgapped";
  /** When what the license grants ends for want of the license server; RFC 3339, in UTC. */
  locksAt: string | null;
  /** How it stands with the license server; `null` for members. */
  phoneHome: PhoneHome | null;
}

/** How it stands with the license server. Times are RFC 3339, in UTC. */
export interface PhoneHome {
  /** Its last answer that counts, good or bad. */
  lastSuccessAt: string | null;
  firstFailureAt: string | null;
  /** How often in a row there was no answer. */
  failures: number;
  /** A code of docs/phone-home.md. */
  lastError: string | null;
  nextAt: string | null;
  /** When what the license grants ends for want of an answer. */
  locksAt: string | null;
}

export interface LicenseNotice {
  notice:
    | "unlicensed" | "not-yet-valid" | "days-30" | "days-14" | "days-7" | "day-1" | "expired" | "degraded" | "lapsed" | "revoked" | "tampered";
  level: "info" | "warning" | "prominent" | "critical";
  title: string;
  /** What follows, and what to do; may be empty. */
  detail: string;
  dismissible: boolean;
}

export interface Preview {
  inspection: Inspection;
  /** `null` unless both are genuine. */
  comparison: Difference[] | null;
  /** What must be acknowledged to rotate to it. */
  acknowledgements: Acknowledgement[];
  /** Whether it is valid now, another than the installed one, and not known to be revoked. */
  applicable: boolean;
  revision: number;
  /** When the license server called it revoked, where it was in use before: then it is not taken. */
  revokedAt: string | null;
}

export interface Inspection {
  verdict: Verdict;
  trust: Trust | null;
  checks: { id: string; outcome: "pass" | "warn" | "fail" | "skip"; code: string; detail: string }[];
  /** Only under a good signature; they may break rules all the same. */
  claims: Record<string, unknown> | null;
  /** Where no good signature is over them. Never to be relied on. */
  unverifiedClaims: Record<string, unknown> | null;
  key: Key | null;
  expiresInSeconds: number | null;
}

export interface Difference {
  field: string;
  title: string;
  current: string | null;
  new: string | null;
  change: "same" | "different" | "more" | "less";
  note: string;
}

export interface Rotated {
  revision: number;
  state: State;
  claims: Claims;
}

/** A refusal: the members of the platform's problem (RFC 9457), and `message`, which is its `detail` or `title`. */
export interface Refusal<Status extends number, Code extends string> {
  /** The HTTP status; 0 where there is no answer. */
  status: Status;
  /** Stable. docs/http.md says what each means. */
  code: Code;
  message: string;
  title?: string;
  detail?: string;
  errors?: { field: string; code: string; detail: string }[];
  /** The request's id in the server's log, where something broke. */
  id?: string;
  /** Seconds after which to try again, where the platform says so. */
  retryAfter?: number;
  /** What `fetch` threw, where there is no answer. */
  cause?: unknown;
}

/** What any request may come to. */
export type ClientError =
  | Refusal<0, "unreachable">
  | Refusal<400, "bad-json">
  | Refusal<401, "signed-out" | "invalid-credentials">
  | Refusal<403, "forbidden" | "foreign-origin">
  | Refusal<404, "not-found">
  | Refusal<413, "body-too-large">
  | Refusal<422, "fields">
  | Refusal<429, "too-many-tries">
  | Refusal<500, "internal">
  | Refusal<503, "outcome-unknown" | "timeout" | "unavailable">
  | Refusal<number, "not-json">;

/** What a rotation may come to besides. Nothing was changed; with `outcome-unknown` it may have been: look. */
export type RotateError = ClientError | NotValid | Stale | AcknowledgementRequired | Refusal<428, "precondition-required"> | Refusal<409, "license-same">;

/** The bundle is not valid now, or its license is known to be revoked. */
export interface NotValid
  extends Refusal<422, "license-malformed" | "license-rejected" | "license-bad-signature" | "license-expired" | "license-not-yet-valid" | "license-unverified" | "license-revoked"> {
  verdict: Verdict;
  inspection: Inspection;
  /** With `license-revoked`: when the license server called it that. */
  revokedAt?: string;
  /** There where the bundle has a private key in it, which is compromised now. */
  secret?: true;
}

/** Another license is installed than the one that was looked at. */
export interface Stale extends Refusal<412, "stale"> {
  /** The revision that is installed. */
  revision: number;
  installed: { licenseId: string | null; key: Key | null; by: string | null; at: string; source: string } | null;
  /** What that changed, where it is known. */
  changed: Difference[] | null;
}

/** Something gets worse: send these in `acknowledge` to go on. */
export interface AcknowledgementRequired extends Refusal<428, "acknowledgement-required"> {
  required: Acknowledgement[];
}
