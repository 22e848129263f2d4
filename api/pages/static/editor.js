// Drawing the outline of a site: on the map or in the table of vertices. Every number shown is the server's own.
"use strict";

const DATA = JSON.parse(document.getElementById("editor-data").textContent);
const SAYS = JSON.parse(document.getElementById("editor-words").textContent);
const el = (id) => document.getElementById(id);
const CHECK_AFTER_MS = 120;
const NEIGHBOURS = 300;
const NEAR_DEGREES = 0.02;
const shown = (number, digits = 4) => number.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

// ---- the outline: polygons of rings of [lon, lat], open; undo and redo go through whole outlines ----
const open = (ring) => {
  const [first, last] = [ring[0], ring[ring.length - 1]];
  return ring.length > 1 && first[0] === last[0] && first[1] === last[1] ? ring.slice(0, -1) : ring.slice();
};
let outline = DATA.geometry ? DATA.geometry.coordinates.map((polygon) => polygon.map(open)) : [];
const past = [];
const future = [];
const copy = (value) => JSON.parse(JSON.stringify(value));
const geometryOf = (polygons) => ({
  type: "MultiPolygon",
  coordinates: polygons.map((polygon) => polygon.map((ring) => [...ring, ring[0]])),
});

function change(next) {
  past.push(outline);
  future.length = 0;
  outline = next;
  refresh();
}
function step(from, to) {
  if (!from.length) return;
  to.push(outline);
  outline = from.pop();
  refresh();
}
el("undo").addEventListener("click", () => step(past, future));
el("redo").addEventListener("click", () => step(future, past));
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea, select")) return;
  if (event.key === "z" && !event.shiftKey) { event.preventDefault(); step(past, future); }
  if (event.key === "y" || (event.key.toLowerCase() === "z" && event.shiftKey)) { event.preventDefault(); step(future, past); }
});

// ---- the map ----
const map = L.map("editor-map", { zoomControl: false, preferCanvas: false });
map.attributionControl.setPrefix(false);
L.control.zoom({ zoomInTitle: "+", zoomOutTitle: "−" }).addTo(map);
L.control.scale({ imperial: false }).addTo(map);
if (DATA.basemap) L.tileLayer(DATA.basemap).addTo(map);
map.pm.setLang(LANG === "zh" ? "zh" : "en");
const [west, south, east, north] = DATA.bounds;
map.fitBounds([[south, west], [north, east]], { padding: [30, 30] });
const around = L.layerGroup().addTo(map);
const marks = L.layerGroup().addTo(map);
let layer = null;
let tool = "";

const latLngs = (polygons) => polygons.map((polygon) => polygon.map((ring) => ring.map(([lon, lat]) => [lat, lon])));
// Every digit is kept: Leaflet's own GeoJSON would round to six places.
const ringOf = (points) => points.map((point) => [point.lng, point.lat]);
const polygonsOf = (shape) => {
  const points = shape.getLatLngs();
  const deep = Array.isArray(points[0]?.[0]) ? points : [points];
  return deep.map((polygon) => polygon.filter((ring) => ring.length > 2).map(ringOf)).filter((polygon) => polygon.length);
};
const options = () => ({ snappable: el("snap").checked, allowSelfIntersection: true, continueDrawing: false, finishOnEnter: true });

function drawOutline() {
  if (layer) layer.remove();
  layer = null;
  if (!outline.length) return;
  layer = L.polygon(latLngs(outline), { color: "#1f6f4a", weight: 2, fillOpacity: 0.15 }).addTo(map);
  layer.on("pm:markerdrag pm:vertexadded pm:vertexremoved", () => check(polygonsOf(layer)));
  layer.on("pm:edit", () => { past.push(outline); future.length = 0; outline = polygonsOf(layer); tell(); });
  if (tool === "edit") layer.pm.enable(options());
}

function choose(next) {
  map.pm.disableDraw();
  if (layer) layer.pm.disable();
  tool = tool === next ? "" : next;
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  if (tool === "draw" || tool === "hole") map.pm.enableDraw("Polygon", options());
  if (tool === "line") map.pm.enableDraw("Line", options());
  if (tool === "edit" && layer) layer.pm.enable(options());
}
for (const button of document.querySelectorAll("[data-tool]")) button.addEventListener("click", () => choose(button.dataset.tool));
el("snap").addEventListener("change", () => { const kept = tool; if (kept) { choose(kept); choose(kept); } });
map.on("pm:drawstart", ({ workingLayer }) => {
  workingLayer.on("pm:vertexadded", () => {
    const ring = ringOf(workingLayer.getLatLngs());
    if (tool === "draw" && ring.length > 2) check([...outline, [ring]]);
  });
});
map.on("pm:create", ({ layer: made, shape }) => {
  made.remove();
  const used = tool;
  if (tool) choose(tool);
  if (shape === "Line") {
    el("line").value = made.getLatLngs().map((point) => `${point.lng} ${point.lat}`).join("; ");
    cut();
    return;
  }
  const ring = ringOf(made.getLatLngs()[0]);
  if (used === "hole") {
    const next = copy(outline);
    const home = next.find((polygon) => inside(ring[0], polygon[0]));
    if (home) { home.push(ring); change(next); }
    else el("problems").replaceChildren(Object.assign(document.createElement("li"), { textContent: SAYS.hole_outside }));
  } else change([...copy(outline), [ring]]);
});
function inside([x, y], ring) {
  let within = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [ring[i], ring[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

// ---- what the server says of it ----
let asked = 0;
let timer = 0;
function check(polygons) {
  window.clearTimeout(timer);
  if (!polygons.length) { el("area").textContent = SAYS.outline_empty; return; }
  el("area").textContent = SAYS.area_wait;
  timer = window.setTimeout(() => ask(polygons), CHECK_AFTER_MS);
}
async function ask(polygons) {
  const mine = ++asked;
  const site_ids = DATA.site_id ? [DATA.site_id] : [];
  const { response, answered } = await write(`/api/geometry/check?lang=${LANG}`, "POST", { geometry: geometryOf(polygons), site_ids });
  if (mine === asked && response.ok) showCheck(answered);
}
function showCheck(found) {
  el("problems").replaceChildren();
  marks.clearLayers();
  el("area-change").textContent = "";
  el("unit").textContent = el("overlap").textContent = "";
  if (!found.valid) el("area").textContent = "–";
  for (const problem of found.problems) {
    const item = el("problems").appendChild(document.createElement("li"));
    item.textContent = problem.lon === null ? problem.words : fill(SAYS.problem_at, { problem: problem.words, lon: problem.lon.toFixed(6), lat: problem.lat.toFixed(6) });
    if (problem.lon !== null) L.circleMarker([problem.lat, problem.lon], { radius: 8, color: "#b2182b", pmIgnore: true }).addTo(marks);
  }
  if (!found.valid) return;
  el("area").textContent = fill(SAYS.area_shown, { ha: shown(found.area_ha), mu: shown(found.area_mu, 2) });
  if (DATA.area_ha !== undefined) el("area-change").textContent = fill(SAYS.area_before, { ha: shown(DATA.area_ha), change: signed(found.area_ha - DATA.area_ha) });
  const where = found.adcode === null ? SAYS.unit_none : found.outside_share > 0 ? SAYS.unit_outside : SAYS.unit_inside;
  el("unit").textContent = fill(where, { name: found.city_name ?? found.adcode ?? "", share: `${(100 * (found.outside_share ?? 0)).toFixed(1)} %` });
  const codes = found.overlaps.map((one) => one.site_code).join(", ");
  el("overlap").textContent = found.overlaps.length ? fill(SAYS.overlap_with, { codes, ha: shown(found.overlap_ha) }) : SAYS.overlap_none;
  el("overlap").className = found.overlaps.length ? "note" : "definition";
}
const signed = (number) => `${number < 0 ? "−" : "+"}${shown(Math.abs(number))}`;

// ---- the table of vertices ----
function fillTable() {
  const body = document.querySelector("#vertex-table tbody");
  body.replaceChildren();
  outline.forEach((polygon, part) => polygon.forEach((ring, hole) => ring.forEach((point, index) => {
    const row = body.insertRow();
    row.insertCell().textContent = `${part + 1}.${hole + 1}.${index + 1}`;
    [SAYS.lon, SAYS.lat].forEach((words, axis) => {
      const input = row.insertCell().appendChild(document.createElement("input"));
      Object.assign(input, { type: "number", step: "any", value: point[axis] });
      input.setAttribute("aria-label", `${words} ${part + 1}.${hole + 1}.${index + 1}`);
      input.addEventListener("change", () => {
        if (input.value === "" || Number.isNaN(input.valueAsNumber)) return;
        const next = copy(outline);
        next[part][hole][index][axis] = input.valueAsNumber;
        change(next);
      });
    });
    const cell = row.insertCell();
    addButton(cell, "+", `${SAYS.vertex_add} ${part + 1}.${hole + 1}.${index + 1}`, () => {
      const next = copy(outline);
      const after = ring[(index + 1) % ring.length];
      next[part][hole].splice(index + 1, 0, [(point[0] + after[0]) / 2, (point[1] + after[1]) / 2]);
      change(next);
    });
    addButton(cell, "×", `${SAYS.vertex_drop} ${part + 1}.${hole + 1}.${index + 1}`, () => {
      const next = copy(outline);
      next[part][hole].splice(index, 1);
      if (next[part][hole].length < 3) next[part].splice(hole, hole === 0 ? next[part].length : 1);
      change(next.filter((rings) => rings.length));
    });
  })));
  el("vertex-start").hidden = outline.length > 0;
}
function addButton(cell, text, label, work) {
  const button = cell.appendChild(document.createElement("button"));
  Object.assign(button, { type: "button", textContent: text });
  button.setAttribute("aria-label", label);
  button.addEventListener("click", work);
}
// Without a mouse a drawing starts as a small triangle in the middle of the map.
el("vertex-start").addEventListener("click", () => {
  const { lng, lat } = map.getCenter();
  const side = (map.getBounds().getNorth() - map.getBounds().getSouth()) / 10;
  change([[[[lng, lat], [lng + side, lat], [lng, lat + side]]]]);
});

function tell() {
  el("undo").disabled = !past.length;
  el("redo").disabled = !future.length;
  fillTable();
  check(outline);
}
function refresh() {
  drawOutline();
  tell();
}

// ---- saving ----
const leave = (text, answered) => {
  window.sessionStorage.setItem(KEPT, text);
  window.location.assign(`/sites/${answered.site?.id ?? DATA.site_id}`);
};
el("save").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (!outline.length) { answer(form, false, SAYS.outline_empty); return; }
  const body = { ...recordOf(form), geometry: geometryOf(outline) };
  if (!DATA.site_id) { body.entered_on = body.effective_on; delete body.effective_on; }
  const send = (etag) => busy(form, async () => {
    settle(form, await write(form.action, DATA.site_id ? "PATCH" : "POST", body, { etag }), send, leave);
  });
  send(form.dataset.etag);
});

// ---- split ----
let pieces = [];
async function cut() {
  const form = el("split");
  const line = el("line").value.split(/[;；]/).map((point) => point.trim().split(/[\s,]+/).map(Number)).filter((point) => point.length === 2 && point.every(Number.isFinite));
  const { response, answered } = await write("/api/geometry/cut", "POST", { geometry: DATA.geometry, line: { type: "LineString", coordinates: line } });
  if (!response.ok) { answer(form, false, fill(form.dataset.failed, { problem: answered.detail })); return; }
  answer(form, true, "");
  pieces = answered.pieces;
  marks.clearLayers();
  const body = document.querySelector("#pieces tbody");
  body.replaceChildren();
  pieces.forEach((piece, index) => {
    L.geoJSON(piece.geometry, { pmIgnore: true, style: { color: ["#0072b2", "#b35900", "#762a83"][index % 3], fillOpacity: 0.3 } }).addTo(marks);
    const row = body.insertRow();
    const share = piece.area_ha / pieces.reduce((sum, one) => sum + one.area_ha, 0);
    addInput(row.insertCell(), "code", `${DATA.site_code}-${index + 1}`, "text", index);
    Object.assign(row.insertCell(), { textContent: shown(piece.area_ha), className: "num" });
    for (const name of ["damaged_ha", "restored_ha"]) {
      const value = DATA[name] === null ? "" : (DATA[name] * share).toFixed(4);
      addInput(row.insertCell(), name, value, "number", index);
    }
  });
  const whole = pieces.reduce((sum, piece) => sum + piece.area_ha, 0);
  el("pieces-sum").textContent = fill(SAYS.split_sum, { ha: shown(whole), change: signed(whole - DATA.area_ha) });
  el("pieces").hidden = false;
  form.querySelector("button.main").disabled = false;
}
function addInput(cell, name, value, type, index) {
  const input = cell.appendChild(document.createElement("input"));
  Object.assign(input, { type, value, required: name === "code" });
  if (type === "number") Object.assign(input, { step: "any", min: 0 });
  input.dataset[name === "code" ? "code" : "area"] = name;
  input.setAttribute("aria-label", `${document.querySelector(`#pieces th:nth-child(${name === "code" ? 1 : name === "damaged_ha" ? 3 : 4})`).textContent} ${index + 1}`);
}
const ownDay = () => el("save").elements.effective_on.value;
const ownReason = () => el("save").elements.reason?.value ?? "";
if (DATA.site_id) {
  el("cut").addEventListener("click", cut);
  el("split").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const rows = [...document.querySelectorAll("#pieces tbody tr")];
    const parts = pieces.map((piece, index) => {
      const part = { site_code: rows[index].querySelector("[data-code]").value.trim(), geometry: piece.geometry };
      for (const input of rows[index].querySelectorAll("[data-area]")) part[input.dataset.area] = input.value === "" ? null : input.valueAsNumber;
      return part;
    });
    const send = (etag) => busy(form, async () => {
      settle(form, await write(form.action, "POST", { parts, effective_on: ownDay(), reason: ownReason() }, { etag }), send, leave);
    });
    send(form.dataset.etag);
  });
  el("merge").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const chosen = [...form.querySelectorAll("[name=neighbour]:checked")].map((box) => ({ site_id: Number(box.value), version: Number(box.dataset.version) }));
    const body = { sites: [{ site_id: DATA.site_id, version: DATA.version }, ...chosen], site_code: form.elements.site_code.value.trim(), effective_on: ownDay(), reason: ownReason() };
    busy(form, async () => settle(form, await write(form.action, "POST", body), () => window.location.reload(), leave));
  });
}

// ---- the sites around ----
async function showAround() {
  const box = map.getBounds();
  const sides = [Math.max(-180, box.getWest()), Math.max(-90, box.getSouth()), Math.min(180, box.getEast()), Math.min(90, box.getNorth())];
  const found = await (await fetch(`/api/sites?bbox=${sides.join(",")}&limit=${NEIGHBOURS}`)).json();
  around.clearLayers();
  for (const site of found.features ?? []) {
    if (site.id === DATA.site_id) continue;
    const drawn = L.geoJSON(site, { pmIgnore: true, style: { color: "#5b6a62", weight: 1, dashArray: "4 3", fillOpacity: 0.05 } }).addTo(around);
    const label = document.createElement("span");
    label.textContent = `${site.properties.site_code} ${site.properties.name}`;
    drawn.bindTooltip(label);
  }
}
async function showNeighbours() {
  const sides = [west - NEAR_DEGREES, south - NEAR_DEGREES, east + NEAR_DEGREES, north + NEAR_DEGREES];
  const found = await (await fetch(`/api/sites?bbox=${sides.join(",")}&limit=50`)).json();
  const box = el("neighbours");
  const others = (found.features ?? []).filter((site) => site.id !== DATA.site_id);
  for (const site of others) {
    const label = box.appendChild(document.createElement("label"));
    const input = label.appendChild(document.createElement("input"));
    Object.assign(input, { type: "checkbox", name: "neighbour", value: site.id });
    input.dataset.version = site.properties.version;
    label.append(`${site.properties.site_code} ${site.properties.name} (${shown(site.properties.area_ha, 2)} ${HA})`);
  }
  if (!others.length) box.append(SAYS.merge_none);
}
map.on("moveend", showAround);
showAround();
if (DATA.site_id) showNeighbours();
refresh();
