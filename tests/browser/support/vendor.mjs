// The vendor's license server that is in the program, for one test.
import { listening } from "./listening.mjs";

const TOKEN = "what the vendor shows";

/** Starts it. Returns its address, what tells it to do something (docs/phone-home.md), and what stops it. */
export async function startVendor() {
  const { address, stop } = await listening(["license-server", "--plain", "--listen", "127.0.0.1:0", "--admin-token", TOKEN]);
  const tell = async (path, body) => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const { status } = await fetch(new URL(path, address), { method: "POST", headers, body: JSON.stringify(body) });
    if (status !== 200) throw new Error(`the license server answers ${status} to ${path}`);
  };
  return { address, tell, stop };
}
