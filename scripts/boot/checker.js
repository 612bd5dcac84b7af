import { start } from "./start.js";

start(() => {}); // the wasm's own main mounts the page
