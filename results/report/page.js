// Unpacks plotly.js and the data of the page, draws each figure in its place, and the map whose axes a reader chooses.
const config = { displayModeBar: false, responsive: true };
const darkScreen = matchMedia("(prefers-color-scheme: dark)");
const darkColours = JSON.parse(document.getElementById("dark-colours").textContent);
let packed = "", explored = null;

const unpack = async (id) => {
  const text = document.getElementById(id).textContent.trim();
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
};

// The figures in the colours of the screen, or of paper.
// Where a trace's x is a number, it is that one of the axes, which traces share.
const coloured = (dark) => {
  const text = dark ? packed.replace(/#[0-9a-f]{6}\b|rgba\([^)]*\)/g, (one) => darkColours[one] ?? one) : packed;
  const { axes, ...found } = JSON.parse(text);
  for (const trace of Object.values(found).flatMap((figure) => figure.data ?? [])) {
    if (Number.isInteger(trace.x)) trace.x = axes[trace.x];
  }
  return found;
};

// A figure has the width of its place: on a screen it follows the window, on paper it is fixed.
const drawFigure = (id, { data, layout }, paper) => {
  const place = document.getElementById(id);
  const size = paper ? { autosize: false, width: place.clientWidth } : { autosize: true };
  return Plotly.react(place, data, { ...layout, ...size }, { ...config, responsive: !paper });
};

// Draws everything anew, before the call returns.
const redraw = (paper) => {
  if (!packed) return;
  const { explorer, ...figures } = coloured(!paper && darkScreen.matches);
  document.body.classList.toggle("paper", paper);
  for (const table of document.querySelectorAll(".scroll > table")) {
    table.style.zoom = "";
    if (paper) table.style.zoom = Math.min(1, table.parentElement.clientWidth / table.scrollWidth);
  }
  for (const [id, figure] of Object.entries(figures)) drawFigure(id, figure, paper);
  if (explorer) drawExplored(explorer, paper);
};

const drawAll = async () => {
  if (!("DecompressionStream" in window)) {
    document.getElementById("old-browser").hidden = false;
    return;
  }
  const [library, figureTexts] = await Promise.all([unpack("plotly-js"), unpack("figures")]);
  const script = document.createElement("script");
  script.textContent = library;
  document.head.append(script);
  packed = figureTexts;
  const { explorer, ...figures } = coloured(darkScreen.matches);
  for (const [id, figure] of Object.entries(figures)) {
    await drawFigure(id, figure, false);
    await new Promise((shown) => setTimeout(shown)); // the browser shows what is drawn before it goes on
  }
  if (explorer) explore(explorer);
  document.body.dataset.drawn = Object.keys(figures).length;
  darkScreen.addEventListener("change", () => redraw(false));
  addEventListener("beforeprint", () => redraw(true));
  addEventListener("afterprint", () => redraw(false));
};

// The cells of a pair with axis x across and y up, whichever way round they are stored; null where there is no pair.
const cellsOf = (data, x, y, key) => {
  const pair = data.pairs.find((one) => (one.x === x && one.y === y) || (one.x === y && one.y === x));
  if (!pair) return null;
  const [wide, high] = [data.axes[x].texts.length, data.axes[y].texts.length];
  const at = pair.x === x ? (row, column) => row * wide + column : (row, column) => column * high + row;
  return Array.from({ length: high }, (_, row) =>
    Array.from({ length: wide }, (_, column) => pair.cells[key][at(row, column)]));
};

// Around the number of a cell, or small where cells have none.
const mark = (x, y, type, color, wide) => ({
  type, xsizemode: "pixel", ysizemode: "pixel", xanchor: x, yanchor: y, x0: -wide, x1: wide, y0: -9, y1: 9,
  line: { color, width: 2 },
});

// The red, green and blue of a cell: between two colours of the scale as plotly mixes them.
const cellColour = (scale, share) => {
  const at = Math.min(Math.floor(share * (scale.length - 1)), scale.length - 2), part = share * (scale.length - 1) - at;
  const [low, high] = [scale[at][1], scale[at + 1][1]].map((one) => [1, 3, 5].map((k) => parseInt(one.slice(k, k + 2), 16)));
  return low.map((value, k) => value + (high[k] - value) * part);
};

// Black or white, whichever stands out more from a colour (WCAG 2).
const inkOn = (colour) => {
  const linear = colour.map((one) => (one / 255 <= 0.03928 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
  const light = linear[0] * 0.2126 + linear[1] * 0.7152 + linear[2] * 0.0722;
  return (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) ? "#000000" : "#ffffff";
};

const numberText = (value, form) => {
  const share = form.endsWith("%"), digits = Number(form.match(/\.(\d)/)[1]);
  const text = (share ? 100 * value : value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (Number(text.replace(/,/g, "")) === 0 ? text.replace("-", "") : text.replace("-", "−")) + (share ? "%" : "");
};

// The number in each cell, in a colour that stands out from it.
const numbersOf = (cells, x, y, [low, high], scale, form) => {
  const found = cells.flatMap((row, k) => row.map((value, j) => [x.texts[j], y.texts[k], value])).filter((one) => one[2] !== null);
  const colours = found.map(([, , value]) => inkOn(cellColour(scale, high > low ? (value - low) / (high - low) : 0.5)));
  return {
    type: "scatter", mode: "text", hoverinfo: "skip", showlegend: false, x: found.map((one) => one[0]),
    y: found.map((one) => one[1]), text: found.map((one) => numberText(one[2], form)), textfont: { size: 11, color: colours },
  };
};

const choosers = () => ["explorer-x", "explorer-y", "explorer-shown"].map((id) => document.getElementById(id));

const drawExplored = (data, paper) => {
  explored = data;
  const place = document.getElementById("explorer-map");
  const [xName, yName, key] = choosers().map((list) => list.value);
  const [x, y] = [data.axes[xName], data.axes[yName]];
  const one = data.shown.find((each) => each.key === key);
  const cells = xName === yName ? null : cellsOf(data, xName, yName, one.key);
  document.getElementById("explorer-none").hidden = cells !== null;
  document.getElementById("explorer-command").textContent = "";
  place.style.display = cells === null ? "none" : "";
  if (cells === null) return;
  const few = x.texts.length <= 14 && y.texts.length <= 30;
  const known = cells.flat().filter((value) => value !== null);
  const [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
  const limits = high > low ? [low, high] : [low - 0.5, high + 0.5];
  const trace = {
    type: "heatmap", x: x.texts, y: y.texts, z: cells, zmin: limits[0], zmax: limits[1], colorscale: data.scale, hoverongaps: false,
    colorbar: { tickformat: one.format, thickness: 12, outlinewidth: 0 },
    hovertemplate: `${xName} %{x}<br>${yName} %{y}<br>%{z:${one.format}}<extra></extra>`,
  };
  const axis = (each) => ({ title: { text: each.title }, type: "category", automargin: true });
  const layout = {
    height: Math.min(560, 130 + Math.max(4, y.texts.length) * 26), margin: { t: 16, b: 50, l: 70, r: 10 },
    font: data.font, paper_bgcolor: "rgba(0,0,0,0)", xaxis: axis(x), yaxis: axis(y),
    shapes: [mark(x.base, y.base, "rect", "#fff", few ? 22 : 9), mark(x.best, y.best, "circle", "#fff", few ? 26 : 9)],
  };
  const numbers = few ? [numbersOf(cells, x, y, limits, data.scale, one.format)] : [];
  drawFigure("explorer-map", { data: [trace, ...numbers], layout }, paper);
};

const explore = (data) => {
  const [xs, ys, shown] = choosers();
  const add = (list, value, text) => list.add(new Option(text, value));
  for (const name of Object.keys(data.axes)) {
    add(xs, name, name);
    add(ys, name, name);
  }
  for (const one of data.shown) add(shown, one.key, one.label);
  const largest = data.pairs[data.pairs.length - 1];
  [xs.value, ys.value] = [largest.x, largest.y];
  for (const list of [xs, ys, shown]) list.addEventListener("change", () => drawExplored(explored, false));
  drawExplored(data, false);
  document.getElementById("explorer-map").on("plotly_click", (event) => {
    const [column, row] = event.points[0].pointIndex.slice().reverse();
    const quoted = [[xs.value, column], [ys.value, row]].map(([name, at]) => {
      const text = `${name}=${explored.axes[name].values[at]}`;
      return /^[\w.=+-]+$/.test(text) ? text : `"${text}"`;
    });
    document.getElementById("explorer-command").textContent =
      `gridproof point study.yaml ${quoted.join(" ")} --curve curve.csv`;
  });
};

drawAll();
