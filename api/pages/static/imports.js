// The import wizard works without this; it lets a file be dropped, and says that a long step is under way.
"use strict";

for (const box of document.querySelectorAll("[data-drop]")) {
  const input = box.querySelector("input[type=file]");
  const lit = (on) => (event) => { event.preventDefault(); box.classList.toggle("over", on); };
  box.addEventListener("dragenter", lit(true));
  box.addEventListener("dragover", lit(true));
  box.addEventListener("dragleave", lit(false));
  box.addEventListener("drop", (event) => {
    lit(false)(event);
    if (event.dataTransfer.files.length === 0) return;
    input.files = event.dataTransfer.files;
    box.closest("form").requestSubmit();
  });
}

for (const form of document.querySelectorAll("form[data-drop-form]")) {
  form.addEventListener("submit", () => {
    form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    const line = form.querySelector(".answer");
    if (line) line.textContent = form.dataset.loading;
  });
}
// Back from the next step, the form can be sent again.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-drop-form] button").forEach((button) => { button.disabled = false; }));

// A unit matters only beside a field that is an area.
const areas = new Set((document.getElementById("columns")?.dataset.areas ?? "").split(" "));
for (const row of document.querySelectorAll("#columns tbody tr")) {
  const field = row.querySelector("select[name=field]");
  field.addEventListener("change", () => row.querySelector("select[name=unit]").classList.toggle("unneeded", !areas.has(field.value)));
}
