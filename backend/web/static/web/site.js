// What every page does in the browser, beside what htmx and the framework do by attributes.

// A refused part (422, 409, 401 …) is shown like any other: it says what is wrong and holds what was typed.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400 && xhr.status < 500 && xhr.getResponseHeader("Content-Type")?.startsWith("text/html")) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
