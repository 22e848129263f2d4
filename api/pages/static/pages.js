// What the pages do in the browser: tables that sort, filter and export, the chart, the map beside a table, the forms.
"use strict";

const LANG = document.body.dataset.lang;
const collator = new Intl.Collator(LANG === "zh" ? "zh-CN" : "en", { numeric: true });
const address = () => new URL(window.location.href);

function remember(name, value) {
  const url = address();
  if (value) url.searchParams.set(name, value);
  else url.searchParams.delete(name);
  window.history.replaceState(null, "", url);
  document.querySelectorAll("a.permalink").forEach((link) => { link.href = url.pathname + url.search; });
}

// ---- tables ----
const bodyRows = (table) => [...table.tBodies[0].rows].filter((row) => !row.querySelector("td.empty"));
const cellValue = (cell) => (cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent.trim());

function sortTable(table, index, direction) {
  const head = table.tHead.rows[0].cells[index];
  const numeric = head.dataset.kind === "number";
  const sign = direction === "descending" ? -1 : 1;
  const key = (row) => {
    const text = cellValue(row.cells[index]);
    if (!numeric) return text;
    const number = text === "" ? NaN : Number(text.replace(/[,\s%]/g, ""));
    return Number.isNaN(number) ? null : number;
  };
  const rows = bodyRows(table).map((row) => ({ row, value: key(row) }));
  rows.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
    return sign * (numeric ? a.value - b.value : collator.compare(a.value, b.value));
  });
  table.tBodies[0].append(...rows.map((entry) => entry.row));
  for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
}

function filterTable(table, text) {
  const wanted = text.trim().toLowerCase();
  const rows = bodyRows(table);
  let shown = 0;
  const fact = document.querySelector(`[data-chip="${table.id}"][aria-pressed="true"]`)?.dataset.fact || "";
  for (const row of rows) {
    row.hidden = (wanted !== "" && !row.textContent.toLowerCase().includes(wanted)) || (fact !== "" && row.dataset.fact !== fact);
    shown += row.hidden ? 0 : 1;
  }
  const words = document.querySelector(`[data-shown="${table.id}"]`);
  if (words) words.textContent = words.dataset.words.replace("{shown}", shown).replace("{total}", rows.length);
}

// A spreadsheet runs a text that begins with one of these as a formula.
const csvCell = (value) => {
  const number = /^-[\d.,]+( %)?$/.test(value);
  const text = !number && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

function exportTable(table) {
  const lines = [];
  const kept = [...table.tHead.rows[0].cells].map((cell, index) => (cell.classList.contains("go") ? -1 : index)).filter((index) => index >= 0);
  lines.push(kept.map((index) => csvCell(table.tHead.rows[0].cells[index].textContent.trim())));
  for (const row of bodyRows(table)) {
    if (!row.hidden) lines.push(kept.map((index) => csvCell(cellValue(row.cells[index]).replace(/\s+/g, " "))));
  }
  const blob = new Blob(["\ufeff" + lines.map((line) => line.join(",")).join("\r\n") + "\r\n"], { type: "text/csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${table.id}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, index) => {
    head.querySelector("button")?.addEventListener("click", () => {
      const first = head.dataset.kind === "number" ? "descending" : "ascending";
      const second = first === "ascending" ? "descending" : "ascending";
      const direction = head.getAttribute("aria-sort") === first ? second : first;
      sortTable(table, index, direction);
      remember(`sort_${table.id}`, `${index}-${direction}`);
    });
  });
  const [index, direction] = (address().searchParams.get(`sort_${table.id}`) || "").split("-");
  if (heads[index]?.querySelector("button") && ["ascending", "descending"].includes(direction)) sortTable(table, Number(index), direction);
  const input = document.querySelector(`input[data-filter="${table.id}"]`);
  if (input) {
    input.value = address().searchParams.get(`filter_${table.id}`) || "";
    input.addEventListener("input", () => {
      filterTable(table, input.value);
      remember(`filter_${table.id}`, input.value);
    });
    filterTable(table, input.value);
  }
}
function press(chip) {
  const chips = [...document.querySelectorAll(`[data-chip="${chip.dataset.chip}"]`)];
  chips.forEach((other) => other.setAttribute("aria-pressed", String(other === chip)));
  filterTable(document.getElementById(chip.dataset.chip), document.querySelector(`input[data-filter="${chip.dataset.chip}"]`)?.value ?? "");
}
for (const chip of document.querySelectorAll("[data-chip]")) {
  const name = `fact_${chip.dataset.chip}`;
  chip.addEventListener("click", () => { press(chip); remember(name, chip.dataset.fact); });
  if (chip.dataset.fact && address().searchParams.get(name) === chip.dataset.fact) press(chip);
}
for (const button of document.querySelectorAll("button[data-export]")) {
  button.addEventListener("click", () => exportTable(document.getElementById(button.dataset.export)));
}

// A box that scrolls and holds nothing to stop at is a stop of the keyboard itself, named by its heading.
const STOPS = "a[href], button, input, select, textarea, summary";
const overflows = new ResizeObserver((seen) => {
  for (const box of new Set(seen.map((one) => one.target.closest(".scroll")))) {
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (!scrolls || box.querySelector(STOPS)) { box.removeAttribute("tabindex"); continue; }
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", box.closest("section")?.querySelector("h1, h2")?.firstChild.textContent.trim() || document.title);
  }
});
document.querySelectorAll(".scroll, .scroll > table").forEach((box) => overflows.observe(box));

// ---- the map beside a table ----
const frame = document.querySelector("iframe[data-map]");
function showCity(adcode) {
  const url = new URL(frame.src);
  url.searchParams.set("city", adcode);
  frame.src = url;
  document.querySelectorAll("a[data-map-link]").forEach((link) => { link.href = url.pathname + url.search; });
  document.querySelectorAll("tr[data-city]").forEach((row) => row.classList.toggle("chosen", row.dataset.city === adcode));
  remember("city", adcode);
}
if (frame) {
  document.querySelectorAll("button[data-show]").forEach((button) => button.addEventListener("click", () => showCity(button.dataset.show)));
  const chosen = address().searchParams.get("city");
  document.querySelectorAll("tr[data-city]").forEach((row) => row.classList.toggle("chosen", chosen !== null && row.dataset.city === chosen));
}

// ---- the trend chart ----
const DASHES = ["solid", "dashed", "dotted", [8, 3, 2, 3]];
const COLOURS = ["#1f6f4a", "#0072b2", "#b35900", "#762a83"];
for (const box of document.querySelectorAll("[data-chart]")) {
  if (!window.echarts) continue;
  const data = JSON.parse(document.getElementById(box.dataset.chart).textContent);
  const chart = window.echarts.init(box, null, { renderer: "svg" });
  chart.setOption({
    animation: false,
    color: COLOURS,
    textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily },
    grid: { left: 44, right: 16, top: box.clientWidth < 480 ? 58 : 34, bottom: 26 },
    legend: { top: 0, left: 0, itemWidth: 26 },
    tooltip: { trigger: "axis", confine: true, valueFormatter: (value) => (value === null || value === undefined ? "–" : `${value.toFixed(1)} %`) },
    xAxis: { type: "category", data: data.years.map(String), boundaryGap: false },
    yAxis: { type: "value", min: 0, max: 100, axisLabel: { formatter: "{value} %" } },
    series: data.lines.map((line, index) => ({
      name: line.name,
      type: "line",
      connectNulls: false,
      symbolSize: 5,
      lineStyle: { type: DASHES[index % DASHES.length], width: index === 0 ? 3 : 2 },
      data: line.values.map((value) => (value === null ? null : 100 * value)),
    })),
  });
  new ResizeObserver(() => chart.resize()).observe(box);
}

// On paper every table is open.
window.addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((box) => { box.open = true; box.dataset.folded = "yes"; }));
window.addEventListener("afterprint", () => document.querySelectorAll("details[data-folded]").forEach((box) => { box.open = false; delete box.dataset.folded; }));

// ---- forms ----
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_whole, name) => String(values[name] ?? ""));

async function problemOf(response) {
  try {
    const body = await response.json();
    return body.detail || body.title || String(response.status);
  } catch {
    return String(response.status);
  }
}

function answer(form, good, text) {
  const line = form.querySelector(".answer");
  line.textContent = text;
  line.className = `answer ${good ? "good" : "bad"}`;
}

// What was answered is said again on the page as it is afterwards.
const KEPT = "answer";
function reloadWith(text) {
  window.sessionStorage.setItem(KEPT, text);
  window.location.reload();
}

const told = window.sessionStorage.getItem(KEPT);
window.sessionStorage.removeItem(KEPT);

for (const form of document.querySelectorAll("form[data-decide-form]")) {
  const words = form.dataset;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const chosen = new FormData(form);
    const response = await fetch(event.submitter.formAction, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ as: chosen.get("as"), comment: chosen.get("comment") || "" }),
    });
    if (response.ok) window.location.reload();
    else answer(form, false, fill(words.failed, { problem: await problemOf(response) }));
  });
}

// All proposals of one source: what could not be decided stays on the page and is named.
for (const form of document.querySelectorAll("form[data-decide-all]")) {
  const words = form.dataset;
  if (told) answer(form, false, told);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const buttons = form.querySelectorAll("button");
    const chosen = new FormData(form);
    const asked = { source: words.source, as: chosen.get("as"), comment: chosen.get("comment") || "", partly: chosen.has("partly") };
    buttons.forEach((button) => { button.disabled = true; });
    answer(form, true, words.loading);
    const response = await fetch(event.submitter.formAction, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
      body: JSON.stringify(asked),
    });
    if (response.ok) {
      const { decided, left, items } = await response.json();
      const stay = items.filter((one) => !one.done).map((one) => `${one.site_code}: ${one.problem}`);
      if (left) reloadWith(`${fill(words.left, { decided, left })} ${stay.join("; ")}`);
      else window.location.reload();
    } else answer(form, false, fill(words.failed, { problem: await problemOf(response) }));
    buttons.forEach((button) => { button.disabled = false; });
  });
}
