// Starts the embedded wasm, and leaves the outcome for the page in <html data-wasm="ready"> or "failed".
// "glue" is the JavaScript that wasm-bindgen generated; "@wasm@" is where scripts/pack.mjs puts the wasm.
import { __wbg_finalize_init, __wbg_get_imports } from "glue";
import { decode } from "./decode.js";

export async function start(whenStarted) {
  const { dataset } = document.documentElement;
  try {
    const { instance, module } = await WebAssembly.instantiate(decode("@wasm@"), __wbg_get_imports());
    __wbg_finalize_init(instance, module);
    await whenStarted();
    dataset.wasm = "ready";
  } catch (error) {
    dataset.wasm = "failed";
    console.error("WebAssembly did not start:", error);
  }
}
