// Charts, drawn once the chart library has been read, and again when light turns to dark.

const LIGHT = ["#1f6f8b", "#d08a2e", "#5b8c5a", "#a8506f", "#6c63a8", "#b5a13a", "#4f9e9b", "#8d6b57"];
const DARK = ["#5fb3cf", "#e6ac5c", "#8cc08a", "#d98aa5", "#a39be0", "#d8c768", "#7fd0cc", "#c4a08b"];
const drawers = [];
let ready = false;

const isDark = () => document.documentElement.dataset.theme === "dark";
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

function seriesColor(index, id) {
  if (id === "unattributed") return isDark() ? "#77808c" : "#9aa1ab";
  if (id === null) return isDark() ? "#3f4853" : "#d3d1ca";
  const palette = isDark() ? DARK : LIGHT;
  return palette[index % palette.length];
}

/** Have draw called now if charts can be drawn, else as soon as they can. */
function onCharts(draw) {
  drawers.push(draw);
  if (ready) draw();
}

function drawCharts() {
  ready = true;
  for (const draw of drawers) draw();
}

function layout(more) {
  const axis = {
    fixedrange: true, gridcolor: ink("rule"), zeroline: false, automargin: true, tickfont: { color: ink("quiet"), size: 12 },
    linecolor: ink("strong-rule"),
  };
  return {
    margin: { l: 8, r: 8, t: 8, b: 8 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false,
    dragmode: false, hovermode: "x unified", bargap: 0.18,
    font: { family: getComputedStyle(document.body).fontFamily, color: ink("ink"), size: 13 },
    hoverlabel: { bgcolor: ink("panel"), bordercolor: ink("strong-rule"), font: { color: ink("ink"), size: 12 } },
    ...more,
    xaxis: { ...axis, type: "date", showgrid: false, tickformat: "%-d %b", hoverformat: "%a %-d %b %Y", ...(more || {}).xaxis },
    yaxis: { ...axis, tickprefix: "$", tickformat: "~s", hoverformat: ",.2f", rangemode: "tozero", nticks: 6, ...(more || {}).yaxis },
  };
}

// Hover labels are read as markup by the chart library, so names are escaped for it.
const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function plot(element, traces, more) {
  Plotly.react(element, traces, layout(more), { displayModeBar: false, responsive: true, scrollZoom: false });
  // The element is an image with a text of its own; what is drawn inside adds nothing for a screen reader.
  for (const child of element.children) child.setAttribute("aria-hidden", "true");
}

function stackedBars(element, dates, series) {
  plot(element, series.map((one) => ({
    type: "bar", x: dates, y: one.values, name: plain(one.name.length > 40 ? one.name.slice(0, 39) + "…" : one.name),
    marker: { color: one.color, line: { width: 0 } }, visible: one.visible ? true : "legendonly", hovertemplate: "%{y:$,.2f}",
  })), { barmode: "relative" });
}

/** Actual spend as a line, and mean plus and minus three standard deviations of the 30 days before as a band. */
function bandChart(element, finding) {
  const judged = finding.band.filter((point) => point.mean !== null && point.stddev !== null);
  const x = judged.map((point) => point.day);
  const edge = (sign) => judged.map((point) => Math.max(0, point.mean + sign * 3 * point.stddev));
  const unusual = finding.band.filter((point) => point.day >= finding.first_day && point.day <= finding.last_day);
  plot(element, [
    { x, y: edge(-1), mode: "lines", line: { width: 0 }, hoverinfo: "skip" },
    { x, y: edge(1), mode: "lines", line: { width: 0 }, fill: "tonexty", fillcolor: ink("band"), name: "usual, at most", hovertemplate: "%{y:$,.2f}" },
    { x, y: judged.map((point) => point.mean), mode: "lines", line: { width: 1, dash: "dot", color: ink("quiet") }, name: "mean of 30 days", hovertemplate: "%{y:$,.2f}" },
    { x: finding.band.map((point) => point.day), y: finding.band.map((point) => point.actual), mode: "lines", line: { width: 2, color: ink("accent") }, name: "spent", hovertemplate: "%{y:$,.2f}" },
    { x: unusual.map((point) => point.day), y: unusual.map((point) => point.actual), mode: "markers", marker: { size: 9, color: ink("bad") }, name: "unusual", hoverinfo: "skip" },
  ]);
}

function themeToggle() {
  const button = $("theme");
  const wanted = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = () => { try { return localStorage.getItem("outlay-theme"); } catch { return null; } };
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-pressed", String(theme === "dark"));
    if (ready) drawCharts();
  };
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("outlay-theme", theme); } catch { /* a page opened from a file may have no storage */ }
    apply(theme);
  });
  wanted.addEventListener("change", (event) => { if (!stored()) apply(event.matches ? "dark" : "light"); });
  apply(stored() || (wanted.matches ? "dark" : "light"));
}
