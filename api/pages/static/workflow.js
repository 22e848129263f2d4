// The work on a site: status changes with their evidence, conflicts shown side by side, undo, attachments, records.
"use strict";

const FACT_WORDS = JSON.parse(document.getElementById("fact-words")?.textContent ?? "{}");

const HA = LANG === "zh" ? "公顷" : "ha";
const factLabel = (fact) => FACT_WORDS[fact]?.label ?? fact;
function factValue(fact, value) {
  if (value === null || value === undefined) return "–";
  if (fact.endsWith("_cents")) return (value / 100).toFixed(2);
  if (fact === "units") return `${(value / 1e8).toFixed(4)} ${HA}`;
  if (fact === "photos") return JSON.parse(value).map((sha) => sha.slice(0, 8)).join(", ");
  if (Array.isArray(value)) return value.map((one) => FACT_WORDS[fact]?.values?.[one] ?? String(one)).join(", ");
  if (typeof value === "number" && ["geometry", "damaged", "restored"].includes(fact)) return `${value.toFixed(4)} ${HA}`;
  if (typeof value === "object") return JSON.stringify(value);
  return FACT_WORDS[fact]?.values?.[value] ?? String(value);
}

// One write under the version that the page was made from; a new key for each try, the same for a retry of it.
async function write(url, method, body, { etag, key = crypto.randomUUID() } = {}) {
  const headers = { "Idempotency-Key": key };
  if (etag) headers["If-Match"] = etag;
  const options = { method, headers };
  if (body instanceof FormData) options.body = body;
  else if (body !== null) {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(url, options);
  const answered = await response.json().catch(() => ({}));
  return { response, answered };
}

// Both versions beside each other; whoever reads them chooses which one stays.
function showConflict(problem, again) {
  const box = document.getElementById("conflict");
  box.querySelector(".told").textContent = fill(box.dataset.text, { given: problem.given ?? "?", current: problem.current_version });
  const body = box.querySelector("tbody");
  body.replaceChildren();
  for (const line of problem.difference ?? []) {
    const row = body.insertRow();
    row.className = JSON.stringify(line.current) === JSON.stringify(line.yours) ? "" : "differs";
    row.insertCell().textContent = factLabel(line.fact);
    row.insertCell().textContent = factValue(line.fact, line.current);
    row.insertCell().textContent = factValue(line.fact, line.yours);
    row.insertCell().textContent = line.actor ? `${line.actor} ${(line.recorded_at ?? "").slice(0, 16).replace("T", " ")}Z` : "–";
  }
  box.hidden = false;
  box.focus();
  box.scrollIntoView({ block: "center" });
  box.querySelector("[data-reapply]").onclick = () => { box.hidden = true; again(`"${problem.current_version}"`); };
  box.querySelector("[data-discard]").onclick = () => window.location.reload();
}

// Go on to a page, or show this one anew.
function goOn(then, words) {
  if (!then) return reloadWith(words);
  window.sessionStorage.setItem(KEPT, words);
  window.location.assign(then);
}

// Say what became of a write: saved, waiting for a second person, in conflict, or refused.
function settle(form, { response, answered }, again, after = reloadWith) {
  const words = form.dataset;
  if (response.status === 202) after(fill(words.proposed ?? words.saved, { id: answered.proposal?.proposal_id ?? "" }), answered);
  else if (response.ok) after(words.saved, answered);
  else if (response.status === 412 && document.getElementById("conflict")) showConflict(answered, again);
  else answer(form, false, fill(words.failed, { problem: answered.detail || String(response.status) }));
}

async function busy(form, work) {
  const buttons = form.querySelectorAll("button.main, button[name=status]");
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await work();
  } catch (error) {
    answer(form, false, fill(form.dataset.failed, { problem: error.message }));
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

// Forms of statuses are wired where they stand on a page, and where they are opened over one.
// A relapse states restored_ha anew: null where nobody knows it.
function statusChange(chosen) {
  const change = { status: chosen.get("status"), effective_on: chosen.get("effective_on"), reason: chosen.get("reason") };
  const restored = chosen.get("restored_ha");
  if (restored) change.restored_ha = Number(restored);
  else if (change.status === "relapsed") change.restored_ha = null;
  const evidence = chosen.getAll("evidence");
  if (chosen.get("evidence_words")) evidence.push(chosen.get("evidence_words"));
  if (evidence.length) change.evidence = evidence;
  return change;
}

if (told && !document.querySelector("form[data-status-form]")) {
  const line = document.getElementById("told");
  line.textContent = told;
  line.hidden = false;
}

function wireStatusForm(form) {
  const relapse = () => {
    const needed = form.querySelector('[name="status"]:checked')?.value === "relapsed";
    form.querySelector('[name="restored_ha"]').closest("label").classList.toggle("asked", needed);
  };
  form.addEventListener("change", relapse);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const body = statusChange(new FormData(form, event.submitter));
    const send = (etag) => busy(form, async () => {
      const sent = await write(form.action, "POST", body, { etag });
      if (sent.response.status === 412) form.closest("dialog")?.close();
      settle(form, sent, send);
    });
    send(form.dataset.etag);
  });
}
for (const form of document.querySelectorAll("form[data-status-form]")) {
  if (told) answer(form, true, told);
  wireStatusForm(form);
}

// The next statuses of a site, opened over the page that shows it: one click to see them, one to choose.
const dialog = document.getElementById("change-dialog");
async function openChange(url) {
  const response = await fetch(url);
  if (!response.ok) { window.alert(fill(dialog.dataset.failed, { problem: String(response.status) })); return; }
  dialog.innerHTML = await response.text();
  const close = dialog.appendChild(document.createElement("button"));
  Object.assign(close, { type: "button", textContent: dialog.dataset.close });
  close.addEventListener("click", () => dialog.close());
  const form = dialog.querySelector("form");
  if (form) {
    for (const [fact, words] of Object.entries(JSON.parse(form.dataset.words))) FACT_WORDS[fact] ??= words;
    wireStatusForm(form);
  }
  dialog.showModal();
}
for (const button of document.querySelectorAll("button[data-change]")) button.addEventListener("click", () => openChange(button.dataset.change));
// The way from a map: the page of the site with the choice open.
if (dialog && window.location.hash === "#change-status") {
  window.history.replaceState(null, "", window.location.pathname);
  openChange(`${window.location.pathname}/change`);
}

for (const button of document.querySelectorAll("button[data-undo]")) {
  const send = async (etag, reason) => {
    const { response, answered } = await write(`/api/history/${button.dataset.undo}/undo`, "POST", { reason }, { etag });
    if (response.status === 202) reloadWith(fill(button.dataset.proposed, { id: answered.proposal?.proposal_id ?? "" }));
    else if (response.ok) reloadWith(button.dataset.done);
    else if (response.status === 412) showConflict(answered, (current) => send(current, reason));
    else window.alert(fill(button.dataset.failed, { problem: answered.detail || String(response.status) }));
  };
  button.addEventListener("click", () => {
    const reason = window.prompt(button.dataset.ask, "");
    if (reason !== null) send(button.dataset.etag, reason);
  });
}

for (const form of document.querySelectorAll("form[data-attach-form]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    for (const name of ["kind", "pair_of", "inspection_id"]) if (!fields.get(name)) fields.delete(name);
    busy(form, async () => settle(form, await write(form.action, "POST", fields)));
  });
}

for (const button of document.querySelectorAll("button[data-remove]")) {
  const send = async (etag, reason) => {
    const url = `${button.dataset.remove}?reason=${encodeURIComponent(reason)}`;
    const { response, answered } = await write(url, "DELETE", null, { etag });
    if (response.ok) goOn(button.dataset.then, button.dataset.done ?? "");
    else if (response.status === 412) showConflict(answered, (current) => send(current, reason));
    else window.alert(fill(button.dataset.failed, { problem: answered.detail || String(response.status) }));
  };
  button.addEventListener("click", () => {
    const reason = window.prompt(button.dataset.ask, "");
    if (reason !== null) send(button.dataset.etag, reason);
  });
}

// Whether a field says something else than when the page was loaded.
function isTouched(field) {
  if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
}

// A form of plain fields becomes one JSON body. An empty field is one not given. Of a change only what was
// touched is said, an emptied field as such, so that nobody states anew what somebody else has changed since.
function recordOf(form, isChange = false) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    const kind = field.dataset.as;
    const boxes = kind === "list" ? [...form.querySelectorAll(`[name="${field.name}"]`)] : [field];
    if (isChange && !boxes.some(isTouched)) continue;
    if (kind === "list") body[field.name] = boxes.filter((box) => box.checked).map((box) => box.value);
    else if (field.value.trim() === "") {
      const plainText = field.tagName === "INPUT" && kind !== "number" && !field.classList.contains("day");
      if (isChange) body[field.name] = plainText ? "" : null;
    }
    else body[field.name] = kind === "number" ? Number(field.value) : field.value.trim();
  }
  return body;
}

// Codes of sites become their ids; a code that no site has is told.
async function idsOfCodes(text) {
  const ids = [];
  for (const code of text.split(/[,，;；\n]/).map((part) => part.trim()).filter(Boolean)) {
    const found = await (await fetch(`/api/sites?q=${encodeURIComponent(code)}&limit=1000`)).json();
    const site = (found.features ?? []).find((one) => one.properties.site_code === code);
    if (!site) throw new Error(code);
    ids.push(site.id);
  }
  return ids;
}

for (const form of document.querySelectorAll("form[data-record-form]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form, async () => {
      const isChange = Boolean(form.dataset.etag);
      const body = recordOf(form, isChange);
      if ("site_codes" in body) {
        body.site_ids = await idsOfCodes(body.site_codes);
        delete body.site_codes;
      }
      if (isChange && !Object.keys(body).length) return answer(form, false, form.dataset.nothing);
      const method = form.dataset.etag ? "PATCH" : "POST";
      const after = (words) => goOn(form.dataset.then, words);
      const send = async (etag) => settle(form, await write(form.action, method, body, { etag }), send, after);
      await send(form.dataset.etag);
    });
  });
}
