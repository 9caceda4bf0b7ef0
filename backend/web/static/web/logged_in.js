// Tells the other windows that the session is there again.
new BroadcastChannel("jieqin").postMessage("logged-in");
