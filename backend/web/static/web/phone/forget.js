// Whoever sees the log-in form is not logged in: what this telephone holds becomes unreadable until the next log-in.
import { opening } from "./store.js";

const store = await opening();
await store.leave();
new BroadcastChannel("jieqin").postMessage("left");
