// Bundles for the tests: the vectors', and others to order.
import { readFileSync, readdirSync } from "node:fs";
import { NOW, bundle, claims, pem, token } from "../../vectors/build.mjs";

export { NOW };
export const DAY = 86_400;

/** A bundle with these claims changed (see `claims` in tests/vectors/build.mjs), signed with one of the vectors' keys. */
export const issue = (changes = {}, key = "rsa2048") => bundle(token({ payload: claims(changes), key }), pem(key));

export const valid = issue({ "scrydon.features": '{"analytics":true,"agentic":false,"maxUsers":250}' });
export const expired = issue({ exp: String(NOW - DAY) });
export const notYetValid = issue({ nbf: String(NOW + DAY) });
export const jwt = JSON.parse(valid).jwt;
export const publicKey = pem("rsa2048");
export const otherKey = pem("rsa2048-other");

const cases = new URL("../../vectors/cases/", import.meta.url);

/** The vector of that name, with its input as bytes in `bytes`. */
export function vector(name) {
  const read = JSON.parse(readFileSync(new URL(`${name}.json`, cases), "utf8"));
  const part = (part) => typeof part === "string" ? part : part.repeat.repeat(part.times);
  const text = read.input ?? read.inputParts?.map(part).join("");
  return { name, ...read, bytes: text === undefined ? Buffer.from(read.inputBase64, "base64") : Buffer.from(text) };
}

export const vectorNames = readdirSync(cases).map((file) => file.replace(/\.json$/, "")).sort();
export const vectors = () => vectorNames.map(vector);
/** Whether there is nothing but white space, of which the page says nothing. */
export const isBlank = (bytes) => /^[\t\n\f\r ]*$/.test(bytes.toString("latin1"));
/** The text of the vector of that name. */
export const vectorText = (name) => vector(name).bytes.toString();
