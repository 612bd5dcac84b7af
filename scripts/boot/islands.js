// Wakes the islands of a page that the server wrote: each <leptos-island data-component="NAME"> is handed to the wasm's
// export NAME, an outer island before those inside it. The protocol is Leptos's (its src/hydration/island_script.js),
// whose own script is an inline one, which our pages' policy forbids.
import * as islands from "glue";
import { start } from "./start.js";

const outer = []; // of the islands around the current node: what to call before an island among their children wakes

async function wake(node) {
  const tag = node.localName;
  if (tag === "leptos-island") {
    const name = node.dataset.component;
    if (!islands[name]) throw new Error(`there is no island called ${name}`);
    outer.at(-1)?.();
    await islands[name](node);
  }
  if (tag === "leptos-children") outer.push(node.$$on_hydrate);
  for (const child of node.children) await wake(child);
  if (tag === "leptos-children") outer.pop();
}

start(() => wake(document.body));
