// Every write of a page to its own host carries the token of the session, so that no other site can send one.
"use strict";

const CSRF = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
if (CSRF) {
  const plainFetch = window.fetch;
  window.fetch = (resource, options = {}) => {
    const request = new Request(resource, options);
    const own = new URL(request.url).origin === window.location.origin;
    if (own && !["GET", "HEAD", "OPTIONS"].includes(request.method)) request.headers.set("X-CSRF-Token", CSRF);
    return plainFetch(request);
  };
  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRF-Token"] = CSRF; });
}
for (const button of document.querySelectorAll("button[data-fill-name]")) {
  button.addEventListener("click", () => {
    const form = document.querySelector("form[data-sign-in]");
    form.elements.name.value = button.dataset.fillName;
    form.elements.password.value = button.dataset.fillPassword;
    form.requestSubmit();
  });
}
