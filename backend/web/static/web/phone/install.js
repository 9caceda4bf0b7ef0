// From the first visit on the pages that must work without network are kept.
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/service-worker.js", { type: "classic" }).catch(() => {});
