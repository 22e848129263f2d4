/* The behaviour of Reverdure's maps. Folium composes the page; the functions here give its layers their
   words, legends and comparisons. Every text in the page's data has passed the escaping gate. */
(function () {
  "use strict";

  var groups = {};
  var hidden = {};
  var dots = [];
  var DOT_BELOW_PX = 9;
  var OUTLINE_PX = 3;
  var NAME_FROM_PX = 70;

  function table(properties) {
    if (!properties.r || !properties.r.length) { return ""; }
    return "<table>" + properties.r.map(function (row) {
      return "<tr><th scope=\"row\">" + labels()[row[0]] + "</th><td>" + row[1] + "</td></tr>";
    }).join("") + "</table>";
  }

  function labels() { return reverdure.page.labels; }

  function words(properties, short) {
    var open = properties.h && !short
      ? "<p><a target=\"_top\" href=\"" + properties.h + "\">" + reverdure.page.words.open_site + "</a> &middot; <a target=\"_top\" href=\"" + properties.h +
        "#change-status\">" + reverdure.page.words.change_status + "</a></p>" : "";
    var shown = short ? { r: (properties.r || []).slice(0, 3) } : properties;
    var told = properties.w && !short ? "<p>" + properties.w + "</p>" : "";
    return "<div class=\"rv-words\"><strong>" + properties.t + "</strong>" + told + table(shown) + open + "</div>";
  }

  function remember(group, map, layer) {
    if (!group) { return; }
    (groups[group] = groups[group] || []).push([map, layer]);
  }

  function lift(layer, style) {
    layer.on("mouseover", function () { if (layer.setStyle) { layer.setStyle({ weight: (style.weight || 1) + 2 }); } });
    layer.on("mouseout", function () { if (layer.setStyle) { layer.setStyle({ weight: style.weight || 1 }); } });
  }

  function site(feature, layer) {
    layer.bindTooltip(words(feature.properties, true), { sticky: true, className: "rv-tip" });
    layer.bindPopup(words(feature.properties, false), { maxWidth: Math.min(340, window.innerWidth - 112), className: "rv-popup",
      autoPanPaddingTopLeft: [60, 44], autoPanPaddingBottomRight: [12, 30] });
    layer.on("popupopen", function () { layer.closeTooltip(); });
    lift(layer, feature.properties.style);
  }

  function unit(feature, layer) {
    if (feature.properties.t) {
      layer.bindTooltip(words(feature.properties, false), { sticky: true, className: "rv-tip" });
    }
    nameOf(feature, layer);
    var box = feature.properties.z;
    if (box && !feature.properties.p) {
      layer.on("click", function () {
        layer._map.fitBounds([[box[1], box[0]], [box[3], box[2]]], { maxZoom: 14 });
      });
      lift(layer, feature.properties.style);
    }
  }

  /* The name of a unit, shown where the unit is wide enough for it; a click on it shows the unit's sites. */
  function nameOf(feature, layer) {
    var place = feature.properties.p, box = feature.properties.z;
    if (!place) { return; }
    layer.on("add", function () {
      var map = layer._map;
      if (!map.getPane("places")) { map.createPane("places").style.zIndex = 450; }
      var icon = L.divIcon({ className: box ? "rv-place rv-place-open" : "rv-place", iconSize: null,
        html: "<span>" + feature.properties.n + "</span>" });
      var name = L.marker(place, { icon: icon, pane: "places", interactive: !!box, keyboard: !!box });
      if (box) {
        name.on("click", function () { map.fitBounds([[box[1], box[0]], [box[3], box[2]]], { maxZoom: 14 }); });
      }
      function fit() {
        var bounds = layer.getBounds(), west = map.project(bounds.getSouthWest()), east = map.project(bounds.getNorthEast());
        var wide = east.x - west.x > NAME_FROM_PX;
        if (wide !== map.hasLayer(name)) { if (wide) { name.addTo(map); } else { name.remove(); } }
      }
      map.on("zoomend", fit);
      map.whenReady(fit);
    });
  }

  function dotStyle(style) {
    return { radius: 5, weight: 1.5, color: style.fillOpacity === 0 ? "#ffffff" : style.color,
      dashArray: style.fillOpacity === 0 ? null : style.dashArray,
      fillColor: style.fillOpacity === 0 ? style.color : style.fillColor, fillOpacity: 0.95, opacity: 1 };
  }

  /* Sites too small to be seen at a zoom are shown as dots of the same colour. */
  function addDots(map, layer) {
    var own = [];
    layer.eachLayer(function (mark) {
      if (!mark.getBounds) { return; }
      var dot = L.circleMarker(mark.getBounds().getCenter(), dotStyle(mark.feature.properties.style));
      dot.feature = mark.feature;
      site(mark.feature, dot);
      own.push([mark, dot]);
    });
    dots.push([map, own]);
    map.on("zoomend", function () { placeDots(map, own); });
    placeDots(map, own);
  }

  function placeDots(map, own) {
    own.forEach(function (pair) {
      var wanted = small(map, pair[0].getBounds()) && !hidden[pair[0].feature.properties.g];
      if (wanted !== map.hasLayer(pair[1])) { if (wanted) { pair[1].addTo(map); } else { pair[1].remove(); } }
    });
  }

  function sites(map, layer) {
    if (layer.getLayers().some(outlined)) { casing(map, layer); }
    layer.eachLayer(function (mark) { remember(mark.feature.properties.g, map, mark); });
    addDots(map, layer);
  }

  function toggle(button) {
    var group = button.getAttribute("data-group");
    hidden[group] = !hidden[group];
    button.setAttribute("aria-pressed", hidden[group] ? "false" : "true");
    (groups[group] || []).forEach(function (pair) {
      if (hidden[group]) { pair[1].remove(); } else { pair[1].addTo(pair[0]); }
    });
    dots.forEach(function (entry) { placeDots(entry[0], entry[1]); });
  }

  function start(map) {
    var box = reverdure.page.bounds;
    if (map.attributionControl) {
      map.attributionControl.setPrefix(false);
      reverdure.page.attribution.forEach(function (text) { map.attributionControl.addAttribution(text); });
    }
    if (map.zoomControl) { L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map); }
    var bounds = [[box[1], box[0]], [box[3], box[2]]];
    map.fitBounds(bounds, { animate: false });
    var Home = L.Control.extend({
      options: { position: "topleft" },
      onAdd: function () {
        var bar = L.DomUtil.create("div", "leaflet-bar");
        var button = L.DomUtil.create("a", "rv-home", bar);
        button.href = "#";
        button.title = reverdure.page.words.home;
        button.setAttribute("role", "button");
        button.setAttribute("aria-label", reverdure.page.words.home);
        button.textContent = "⌂";
        L.DomEvent.disableClickPropagation(bar);
        L.DomEvent.on(button, "click", function (event) { L.DomEvent.preventDefault(event); map.fitBounds(bounds); });
        return bar;
      }
    });
    if (map.zoomControl) { new Home().addTo(map); }
    document.querySelectorAll("button[data-group]").forEach(function (button) {
      if (button.dataset.bound) { return; }
      button.dataset.bound = "yes";
      button.addEventListener("click", function () { toggle(button); });
    });
    document.querySelectorAll("button[data-zoom]").forEach(function (button) {
      var sides = button.getAttribute("data-zoom").split(",").map(Number);
      if (button.dataset.bound || sides.length !== 4) { return; }
      button.dataset.bound = "yes";
      button.addEventListener("click", function () { map.fitBounds([[sides[1], sides[0]], [sides[3], sides[2]]], { maxZoom: 16 }); });
    });
    if (window.matchMedia("(max-width: 700px)").matches) {
      document.querySelectorAll("details.rv-panel").forEach(function (panel) { panel.open = false; });
    }
  }

  /* Land cover of one year at a time: tiles from the server, or one picture a year in a file. */
  function landCover(map, series, year) {
    if (!map.getPane("landcover")) { map.createPane("landcover").style.zIndex = 250; }
    var box = series.bounds, bounds = [[box[1], box[0]], [box[3], box[2]]];
    var layer;
    if (series.pictures) {
      layer = L.imageOverlay(series.addresses[year], bounds, { pane: "landcover", className: "rv-pixels" });
    } else {
      layer = L.tileLayer(series.addresses[year], {
        pane: "landcover", bounds: bounds, minZoom: series.min_zoom, maxNativeZoom: series.native_zoom,
        maxZoom: 22, className: "rv-pixels", keepBuffer: 1
      });
    }
    layer.addTo(map);
    return {
      setYear: function (next) { layer.setUrl(series.addresses[next]); },
      setOpacity: function (value) { layer.setOpacity(value); }
    };
  }

  function byId(id) { return document.getElementById(id); }

  function bindOpacity(covers) {
    var input = byId("rv-opacity");
    if (!input) { return; }
    input.addEventListener("input", function () {
      covers.forEach(function (cover) { cover.setOpacity(Number(input.value) / 100); });
    });
  }

  function showBars(year) {
    document.querySelectorAll("[data-bars]").forEach(function (table) {
      table.hidden = table.getAttribute("data-bars") !== String(year);
    });
  }

  /* One map whose land cover follows a year slider. */
  function oneYear(map, series, year) {
    var cover = landCover(map, series, year), slider = byId("rv-year");
    bindOpacity([cover]);
    showBars(year);
    if (!slider) { return; }
    slider.addEventListener("input", function () {
      var chosen = series.years[Number(slider.value)];
      byId("rv-year-shown").textContent = chosen;
      cover.setYear(chosen);
      showBars(chosen);
    });
  }

  function mirror(layer, map) {
    if (!layer) { return null; }
    var features = layer.getLayers().map(function (mark) { return mark.feature; });
    return L.geoJSON({ type: "FeatureCollection", features: features }, {
      style: function (feature) { return feature.properties.style; },
      pointToLayer: function (feature, place) { return L.circleMarker(place, feature.properties.style); },
      onEachFeature: features.length && features[0].properties.g !== undefined ? site : unit
    }).addTo(map);
  }

  function outlined(mark) { return mark.getBounds && mark.feature.properties.style.fillOpacity === 0; }

  function small(map, box) {
    var a = map.latLngToLayerPoint(box.getNorthWest()), b = map.latLngToLayerPoint(box.getSouthEast());
    return Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y)) < DOT_BELOW_PX;
  }

  /* A dark and a white line under the outlines, so that their colour can be told on any land cover: two paths
     for each group of sites, however many it holds. Sites that are shown as dots have none. */
  function casing(map, layer) {
    var parts = {};
    layer.eachLayer(function (mark) {
      if (!outlined(mark)) { return; }
      var group = mark.feature.properties.g, rings = mark.getLatLngs();
      (parts[group] = parts[group] || []).push([mark.getBounds(),
        mark.feature.geometry.type === "Polygon" ? [rings] : rings]);
    });
    [["#14201a", 4.6, 388], ["#ffffff", 3.2, 390]].forEach(function (line) {
      var pane = "casing" + line[2];
      if (!map.getPane(pane)) { map.createPane(pane).style.zIndex = line[2]; }
      Object.keys(parts).forEach(function (group) {
        var under = L.polygon([], { pane: pane, interactive: false, color: line[0], opacity: 1, fill: false,
          weight: OUTLINE_PX + line[1] });
        function fit() {
          var large = parts[group].filter(function (part) { return !small(map, part[0]); });
          under.setLatLngs([].concat.apply([], large.map(function (part) { return part[1]; })));
        }
        fit();
        map.on("zoomend", fit);
        under.addTo(map);
        remember(group, map, under);
      });
    });
  }

  /* Two synchronised maps, one above the other with a divider, or side by side. */
  function compare(left, right, layers, series, years) {
    var root = document.body, divider = byId("rv-divider"), line = byId("rv-line"), box = right.getContainer();
    var open = null;
    var covers = [landCover(left, series, years[0]), landCover(right, series, years[1])];
    if (layers.units) { mirror(layers.units, right); }
    if (layers.sites) {
      var twin = mirror(layers.sites, right);
      sites(left, layers.sites);
      sites(right, twin);
    }
    left.sync(right);
    right.sync(left);
    bindOpacity(covers);

    /* What is seen of the right map: all beyond the divider, and at an open popup's height as much more or
       less as the popup needs; the divider's line leaves that height out. */
    function clip(x) {
      if (!open) {
        line.style.clipPath = "none";
        return "inset(0 0 0 " + x + "px)";
      }
      var home = box.getBoundingClientRect(), words = open.popup.getElement().getBoundingClientRect();
      var top = words.top - home.top, bottom = words.bottom - home.top;
      var edge = open.map === right ? Math.min(x, words.left - home.left) : Math.max(x, words.right - home.left);
      line.style.clipPath = edge === x ? "none" : polygon([[-40, 0], [40, 0], [40, top], [-40, top],
        [-40, bottom], [40, bottom], [40, box.clientHeight], [-40, box.clientHeight]]);
      return polygon([[x, 0], [box.clientWidth, 0], [box.clientWidth, box.clientHeight], [x, box.clientHeight],
        [x, bottom], [edge, bottom], [edge, top], [x, top]]);
    }
    function polygon(places) {
      return "polygon(" + places.map(function (place) { return place[0] + "px " + place[1] + "px"; }).join(", ") + ")";
    }
    [left, right].forEach(function (map) {
      map.on("popupopen", function (event) {
        if (open && open.map !== map) { open.map.closePopup(); }
        open = { map: map, popup: event.popup };
        place();
      });
      map.on("popupclose", function () { if (open && open.map === map) { open = null; place(); } });
      map.on("move zoomend moveend resize", function () { if (open) { place(); } });
    });

    function place() {
      var side = root.classList.contains("rv-side"), share = Number(divider.value) / 10;
      box.style.clipPath = side ? "none" : clip(share / 100 * box.clientWidth);
      line.style.left = "calc(var(--map) * " + share / 100 + ")";
    }
    function mode(side) {
      root.classList.toggle("rv-side", side);
      byId("rv-swipe").setAttribute("aria-pressed", side ? "false" : "true");
      byId("rv-beside").setAttribute("aria-pressed", side ? "true" : "false");
      place();
      left.invalidateSize(false);
      right.invalidateSize(false);
      right.setView(left.getCenter(), left.getZoom(), { animate: false });
    }
    function year(index, select, badge) {
      select.addEventListener("change", function () {
        covers[index].setYear(select.value);
        badge.textContent = select.value;
        var slider = byId("rv-year");
        if (index === 1 && slider) { slider.value = series.years.indexOf(Number(select.value)); }
      });
    }
    divider.addEventListener("input", place);
    byId("rv-swipe").addEventListener("click", function () { mode(false); });
    byId("rv-beside").addEventListener("click", function () { mode(true); });
    year(0, byId("rv-left"), byId("rv-left-badge"));
    year(1, byId("rv-right"), byId("rv-right-badge"));
    byId("rv-year").addEventListener("input", function () {
      var chosen = series.years[Number(byId("rv-year").value)];
      byId("rv-right").value = chosen;
      byId("rv-right-badge").textContent = chosen;
      covers[1].setYear(chosen);
    });
    drag(line, divider, function () { return left.getContainer().clientWidth; }, place);
    mode(false);
  }

  /* The handle follows mouse and finger; the range input beside it follows the keyboard. */
  function drag(line, divider, width, place) {
    var handle = line.firstElementChild;
    handle.addEventListener("pointerdown", function (event) {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    handle.addEventListener("pointermove", function (event) {
      if (!handle.hasPointerCapture(event.pointerId)) { return; }
      divider.value = Math.max(20, Math.min(980, 1000 * event.clientX / width()));
      place();
    });
  }

  var reverdure = { page: { labels: [], words: {}, attribution: [], bounds: [-180, -85, 180, 85] },
    start: start, site: site, unit: unit, sites: sites, oneYear: oneYear, compare: compare };
  window.reverdure = reverdure;
}());
