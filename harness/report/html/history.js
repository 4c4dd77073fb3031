/* The charts of the history page: one x axis, the runs in order, and one run under the pointer in all of them. All texts go in as text. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement, count = data.runs.length, x = data.runs.map((_, i) => i);
  const TONES = ["plain", "fault", "good", "wrong", "4xx", "conn", "p50", "quiet"];
  const colour = (tone) => getComputedStyle(root).getPropertyValue(`--${tone}`).trim() || "#888";
  const make = (tag, cls, text) => {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const title = (i) => `${data.runs[i].when} UTC, ${data.runs[i].run}: ${data.runs[i].word}`;

  const strip = document.getElementById("strip");
  data.runs.forEach(({ tone }, i) => {
    const mark = make("li", tone);
    mark.title = title(i);
    mark.setAttribute("aria-label", mark.title);
    strip.append(mark);
  });

  const plots = [];
  const bars = (topic) => (plot) => {
    const pen = plot.ctx, ratio = window.devicePixelRatio || 1;
    topic.curves.forEach((curve, k) => {
      pen.strokeStyle = colour(TONES[k]);
      pen.lineWidth = ratio;
      curve.values.forEach((value, i) => {
        if (value === null || curve.low[i] === null || curve.high[i] === null) return;
        const at = plot.valToPos(i, "x", true);
        pen.globalAlpha = 0.45;
        pen.beginPath();
        pen.moveTo(at, plot.valToPos(curve.low[i], "y", true));
        pen.lineTo(at, plot.valToPos(curve.high[i], "y", true));
        pen.stroke();
        pen.globalAlpha = 1;
      });
      for (const i of curve.out) {
        if (curve.values[i] === null) continue;
        pen.lineWidth = 2 * ratio;
        pen.strokeStyle = colour("bad");
        pen.beginPath();
        pen.arc(plot.valToPos(i, "x", true), plot.valToPos(curve.values[i], "y", true), 6 * ratio, 0, 2 * Math.PI);
        pen.stroke();
      }
    });
  };

  data.topics.forEach((topic, number) => {
    const box = document.getElementById(`chart-${number}`), keys = make("ul", "keys"), holder = make("div");
    const top = Math.max(...topic.curves.flatMap((curve) => curve.values.map((value, i) => Math.max(value ?? 0, curve.high[i] ?? 0))));
    const items = topic.curves.map((curve) => {
      const item = make("li"), swatch = make("i"), value = make("b", "", "");
      item.append(swatch, make("span", "", `${curve.label || "all"} `), value);
      keys.append(item);
      return { swatch, value };
    });
    const at = make("li", "", "");
    keys.append(at);
    box.append(keys, holder);
    const told = (i) => {
      at.textContent = i === null || i === undefined ? "" : title(i);
      items.forEach(({ value }, k) => { value.textContent = i === null || i === undefined ? "" : topic.curves[k].told[i] || "not measured"; });
    };
    const size = () => ({ width: Math.max(200, box.clientWidth - 26), height: 170 });
    const unit = (mark) => (topic.unit === "ms" && mark >= 1000 ? `${mark / 1000} s` : `${mark}${topic.unit && ` ${topic.unit}`}`);
    const plot = new uPlot({
      ...size(),
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "runs" }, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false, range: () => [-0.5, count - 0.5] }, y: { range: () => [0, top > 0 ? top * 1.08 : 1] } },
      axes: [
        {
          stroke: () => colour("soft"), font: "11px system-ui, sans-serif", size: 28, space: 90, grid: { show: false }, ticks: { show: false },
          values: (_, marks) => marks.map((mark) => (Number.isInteger(mark) && data.runs[mark] ? data.runs[mark].when.slice(0, 10) : "")),
        },
        {
          stroke: () => colour("soft"), font: "11px system-ui, sans-serif", size: 62, space: 34, grid: { stroke: () => colour("grid"), width: 1 }, ticks: { show: false },
          values: (_, marks) => marks.map((mark) => (topic.unit === "" && !Number.isInteger(mark) ? "" : unit(Number(mark.toPrecision(6))))),
        },
      ],
      series: [{}, ...topic.curves.map((_, k) => ({ stroke: () => colour(TONES[k]), width: 1.6, points: { show: true, size: 5 } }))],
      hooks: { draw: [bars(topic)], setCursor: [(self) => told(self.cursor.idx)] },
    }, [x, ...topic.curves.map((curve) => curve.values)], holder);
    plots.push(() => {
      items.forEach(({ swatch }, k) => { swatch.style.background = colour(TONES[k]); });
      plot.setSize(size());
    });
  });

  const draw = () => plots.forEach((one) => one());
  const theme = document.getElementById("theme"), themes = ["system", "dark", "light"];
  const kept = (value) => {
    try {
      if (value) localStorage.setItem("drill-theme", value);
      return localStorage.getItem("drill-theme");
    } catch {
      return null; // a file that may keep nothing
    }
  };
  const dress = (name) => {
    if (name === "system") delete root.dataset.theme;
    else root.dataset.theme = name;
    theme.textContent = `Theme: ${name}`;
    draw();
  };
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme || "system") + 1) % themes.length];
    kept(next);
    dress(next);
  });
  window.addEventListener("resize", draw);
  window.addEventListener("beforeprint", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  dress(themes.includes(kept()) ? kept() : "system");
})();
