// Unpacks plotly.js and the data of the page, draws each figure in its place, and the map whose axes a reader chooses.
const config = { displayModeBar: false, responsive: true };

const unpack = async (id) => {
  const text = document.getElementById(id).textContent.trim();
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
};

const drawAll = async () => {
  if (!("DecompressionStream" in window)) {
    document.getElementById("old-browser").hidden = false;
    return;
  }
  const [library, packed] = await Promise.all([unpack("plotly-js"), unpack("figures")]);
  const script = document.createElement("script");
  script.textContent = library;
  document.head.append(script);
  const { explorer, ...figures } = JSON.parse(packed);
  for (const [id, figure] of Object.entries(figures)) {
    await Plotly.newPlot(id, figure.data, figure.layout, config);
  }
  if (explorer) await explore(explorer);
  document.body.dataset.drawn = Object.keys(figures).length;
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

const mark = (x, y, type, color) => ({
  type, xsizemode: "pixel", ysizemode: "pixel", xanchor: x, yanchor: y, x0: -9, x1: 9, y0: -9, y1: 9,
  line: { color, width: 2 },
});

const explore = async (data) => {
  const place = document.getElementById("explorer-map");
  const [xs, ys, shown] = ["explorer-x", "explorer-y", "explorer-shown"].map((id) => document.getElementById(id));
  const add = (list, value, text) => list.add(new Option(text, value));
  for (const name of Object.keys(data.axes)) {
    add(xs, name, name);
    add(ys, name, name);
  }
  for (const one of data.shown) add(shown, one.key, one.label);
  const largest = data.pairs[data.pairs.length - 1];
  [xs.value, ys.value] = [largest.x, largest.y];
  const draw = async () => {
    const [x, y] = [data.axes[xs.value], data.axes[ys.value]];
    const one = data.shown.find((each) => each.key === shown.value);
    const cells = xs.value === ys.value ? null : cellsOf(data, xs.value, ys.value, one.key);
    document.getElementById("explorer-none").hidden = cells !== null;
    document.getElementById("explorer-command").textContent = "";
    place.style.display = cells === null ? "none" : "";
    if (cells === null) return;
    const few = x.texts.length <= 14 && y.texts.length <= 30;
    const trace = {
      type: "heatmap", x: x.texts, y: y.texts, z: cells, colorscale: "Viridis", hoverongaps: false,
      texttemplate: few ? `%{z:${one.format}}` : "", textfont: { size: 11 },
      colorbar: { tickformat: one.format, thickness: 12, outlinewidth: 0 },
      hovertemplate: `${xs.value} %{x}<br>${ys.value} %{y}<br>%{z:${one.format}}<extra></extra>`,
    };
    const axis = (each) => ({ title: { text: each.title }, type: "category", automargin: true });
    const layout = {
      height: Math.min(560, 130 + Math.max(4, y.texts.length) * 26), margin: { t: 16, b: 50, l: 70, r: 10 },
      font: data.font, paper_bgcolor: "rgba(0,0,0,0)", xaxis: axis(x), yaxis: axis(y),
      shapes: [mark(x.base, y.base, "rect", "#fff"), mark(x.best, y.best, "circle", "#fff")],
    };
    await Plotly.react(place, [trace], layout, config);
  };
  for (const list of [xs, ys, shown]) list.addEventListener("change", draw);
  await draw();
  place.on("plotly_click", (event) => {
    const [column, row] = event.points[0].pointIndex.slice().reverse();
    const quoted = [[xs.value, column], [ys.value, row]].map(([name, at]) => {
      const text = `${name}=${data.axes[name].values[at]}`;
      return /^[\w.=+-]+$/.test(text) ? text : `"${text}"`;
    });
    document.getElementById("explorer-command").textContent =
      `gridproof point study.yaml ${quoted.join(" ")} --curve curve.csv`;
  });
};

drawAll();
