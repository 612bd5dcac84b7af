// Compiled, never run: what the types allow, and what they do not.
import { createClient, type Acknowledgement, type Claims } from "../index.js";

export async function renew(jwt: string, publicKey: string): Promise<number | string> {
  const client = createClient({ baseURL: "https://platform.example.com", headers: { "x-trace": "1" } });
  // @ts-expect-error the password is missing
  await client.signIn.email({ email: "admin@example.com" });
  const session = await client.getSession();
  if (session.error === null) session.data?.user.role satisfies "member" | "org-admin" | "platform-admin" | undefined;

  const licensed = await client.license.getClaims();
  // @ts-expect-error there may be none
  licensed.data.claims;
  if (licensed.error) return licensed.error.message;
  // An answer without an error has data.
  const claims: Claims | null = licensed.data.claims;
  if (claims?.scrydon.features?.maxUsers === 0) return "nobody";

  const seen = await client.license.preview({ jwt, publicKey });
  if (seen.error) return seen.error.code;
  // @ts-expect-error no such acknowledgement
  const wrong: Acknowledgement = "whatever";
  const { data, error } = await client.license.rotate(
    { jwt, publicKey, acknowledge: seen.data.acknowledgements }, { revision: seen.data.revision },
  );
  if (error === null) return data.revision;
  switch (error.code) {
    case "stale":
      return error.installed?.licenseId ?? `revision ${error.revision}, not ${wrong}`;
    case "acknowledgement-required":
      return error.required.join();
    case "license-expired":
      return error.inspection.verdict;
    case "precondition-required":
      // @ts-expect-error only where something must be acknowledged
      return error.required;
    default:
      return error.detail ?? error.message;
  }
}
