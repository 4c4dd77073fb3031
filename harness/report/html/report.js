/* The timeline: lanes on one time axis with one cursor, zoom and events that can be chosen. All texts go in as text. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const NO_ANSWER = -1; // as in data.py
  const root = document.documentElement, lanes = document.getElementById("lanes"), pane = document.getElementById("details");
  const end = Math.max(data.end_s, 1), whole = { from: -0.01 * end, to: 1.01 * end };
  let view = { ...whole }, cursor = null, chosen = null;
  const drawn = []; // one function per lane that draws it for the view
  const told = []; // one function per lane that tells of the cursor's second

  const make = (tag, cls, text) => {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const colour = (tone) => getComputedStyle(root).getPropertyValue(`--${tone}`).trim() || "#888";
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const gutter = () => parseFloat(getComputedStyle(lanes).getPropertyValue("--gutter"));
  const width = () => Math.max(50, lanes.clientWidth - gutter());
  const place = (s) => ((s - view.from) / (view.to - view.from)) * width();
  const second = (x) => view.from + (x / width()) * (view.to - view.from);
  const spell = (ms) => (ms === NO_ANSWER ? "no answer" : ms >= 10 ? `${Math.round(ms)} ms` : `${Number(ms.toPrecision(2))} ms`);
  const clock = (s) => (data.wall_unix_s === null ? "" : `${new Date((data.wall_unix_s + s) * 1000).toISOString().slice(11, 19)} UTC`);
  const phaseAt = (s) => (data.windows.find(([, from, to]) => from <= s && s < to) || [""])[0];

  // --- the frame -----------------------------------------------------------------------------------------------------

  const readout = make("div", "readout"), now = make("span", "now"), axis = make("div", "axis");
  const over = make("div", "over"), line = make("div", "line"), drag = make("div", "drag");
  const button = (text, title, act) => {
    const made = make("button", "", text);
    made.type = "button";
    made.title = title;
    made.addEventListener("click", act);
    readout.append(made);
  };
  readout.append(now);
  button("whole run", "The whole run (0)", () => zoom(whole.from, whole.to));
  button("+", "Zoom in (+)", () => around(0.5));
  button("−", "Zoom out (-)", () => around(2));
  for (const [name, from, to] of data.windows) {
    if (!name.endsWith(" then") && name !== "baseline") button(name, `Zoom to ${name}`, () => zoom(from - 4, to + 4));
  }
  over.append(line, drag);
  const shades = data.faults.map(([, from, to]) => {
    const node = make("div", "shade");
    over.append(node);
    return { node, from, to };
  });
  line.hidden = drag.hidden = true;
  lanes.append(readout, axis);

  const drawAxis = () => {
    const span = view.to - view.from, wanted = Math.max(2, width() / 90);
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].find((s) => span / s <= wanted) || 14400;
    axis.replaceChildren();
    for (let s = Math.ceil(view.from / step) * step; s <= view.to; s += step) {
      const x = place(s);
      if (x < 14 || x > width() - 14) continue;
      const mark = make("span", "", `${Number(s.toFixed(1))} s`);
      mark.style.left = `${x}px`;
      axis.append(mark);
    }
    for (const { node, from, to } of shades) {
      node.style.left = `${place(from)}px`;
      node.style.width = `${Math.max(1, place(to) - place(from))}px`;
    }
  };

  // --- lanes ---------------------------------------------------------------------------------------------------------

  const frame = (lane) => {
    const titled = lane.kind !== "bands" || lane.rows.length !== 1 || lane.rows[0][0] !== "";
    const box = make("div", `lane ${lane.kind}${titled ? " titled" : ""}${lane.beside ? " told" : ""}`), head = make("h3", "", lane.title);
    box.id = `lane-${lane.id}`;
    if (lane.note) head.append(make("span", "note small", lane.note));
    box.append(head);
    lanes.append(box);
    return box;
  };

  const bands = (lane) => {
    const box = frame(lane);
    const events = [], besides = [];
    for (const [label, marks] of lane.rows) {
      const band = make("div", "band"), name = make("div", "label", label), track = make("div", "track");
      name.title = label;
      band.append(name, track);
      box.append(band);
      const row = marks.map(([from, to, text, tone, detail, cites]) => {
        const point = to === null, node = make("button", `event ${tone}${point ? " point" : ""}`, point || lane.beside ? undefined : text);
        node.type = "button";
        node.tabIndex = -1;
        node.title = `${from.toFixed(1)} s: ${text}`;
        node.setAttribute("aria-label", `${label} ${text}, at ${from.toFixed(1)} s`);
        node.setAttribute("aria-pressed", "false");
        node.addEventListener("click", () => choose(node, text, from, to, detail, cites));
        track.append(node);
        const said = lane.beside && text ? make("span", "beside", text) : null;
        if (said) track.append(said);
        return { node, from, to, said };
      });
      if (lane.beside) besides.push(row);
      if (row.length) row[0].node.tabIndex = 0;
      band.addEventListener("keydown", (event) => walk(event, row.map(({ node }) => node)));
      events.push(...row);
    }
    drawn.push(() => {
      for (const { node, from, to } of events) {
        const left = place(from), right = to === null ? left : place(to);
        node.hidden = right < -6 || left > width() + 6;
        if (node.hidden) continue;
        const start = to === null ? left : Math.max(0, left);
        node.style.left = `${start}px`;
        if (to !== null) node.style.width = `${Math.max(3, Math.min(width(), right) - start)}px`;
      }
      for (const row of besides) beside(row);
    });
  };

  /* Each text right of its mark, or left of it where there is more room; cut where the next mark begins. */
  const beside = (row) => {
    const ends = row.map(({ from, to }) => [place(from) - (to === null ? 6 : 0), to === null ? place(from) + 6 : Math.max(place(from) + 3, place(to))]);
    row.forEach(({ node, said }, i) => {
      if (!said) return;
      said.hidden = node.hidden;
      if (node.hidden) return;
      const after = i + 1 < row.length ? ends[i + 1][0] : width(), before = i > 0 ? ends[i - 1][1] : 0;
      const right = after - ends[i][1] - 6, left = i > 0 ? 0 : ends[i][0] - before - 6, turned = right < 6.5 * said.textContent.length && left > right; // about as wide as it is written
      said.hidden = Math.max(right, turned ? left : 0) < 24;
      said.style.left = turned ? "" : `${Math.max(0, ends[i][1]) + 6}px`;
      said.style.right = turned ? `${width() - ends[i][0] + 6}px` : "";
      said.style.maxWidth = `${turned ? left : right}px`;
    });
  };

  /* Arrow keys walk along a row's events; only one of them is a stop of the Tab key. */
  const walk = (event, nodes) => {
    const at = nodes.indexOf(document.activeElement), to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: nodes.length - 1 }[event.key];
    if (at < 0 || to === undefined || !nodes[to]) return;
    event.preventDefault();
    event.stopPropagation();
    nodes[at].tabIndex = -1;
    nodes[to].tabIndex = 0;
    nodes[to].hidden = false;
    nodes[to].focus();
  };

  const ticks = (lane) => {
    const box = frame(lane);
    for (const row of lane.rows) {
      const band = make("div", "band"), name = make("div", "label", row.label), track = make("div", "track"), canvas = make("canvas");
      name.title = row.label;
      track.append(canvas);
      band.append(name, track);
      box.append(band);
      const known = row.ms.filter((ms) => ms !== null);
      const low = Math.log10(Math.max(0.05, known.reduce((a, b) => Math.min(a, b), Infinity) || 0.05)), high = Math.log10(Math.max(1, known.reduce((a, b) => Math.max(a, b), 1)));
      const draw = () => {
        const w = width(), h = track.clientHeight, ratio = window.devicePixelRatio || 1;
        canvas.width = w * ratio;
        canvas.height = h * ratio;
        const pen = canvas.getContext("2d");
        pen.scale(ratio, ratio);
        const tones = row.outcomes.map((outcome) => colour(outcome === "answered" ? "plain" : outcome === "blinded" ? "quiet-pale" : "bad"));
        row.at.forEach((at, i) => {
          const x = place(at);
          if (x < -2 || x > w + 2) return;
          const share = row.ms[i] === null ? 1 : 0.12 + 0.8 * ((Math.log10(Math.max(0.05, row.ms[i])) - low) / Math.max(0.3, high - low));
          pen.fillStyle = tones[row.outcome[i]];
          pen.fillRect(x - 0.75, h - 2 - share * (h - 4), 1.5, share * (h - 4));
        });
      };
      track.addEventListener("click", (event) => {
        const x = event.clientX - track.getBoundingClientRect().left, near = nearest(row.at, second(x));
        if (near < 0 || Math.abs(place(row.at[near]) - x) > 9) return;
        event.stopPropagation();
        const outcome = row.outcomes[row.outcome[near]], ms = row.ms[near];
        choose(null, `look through ${row.label}: ${outcome}`, row.at[near], null, { edge: row.label, outcome, "connect and answer": ms === null ? "no answer" : spell(ms), fact: row.cites[near] }, []);
      });
      drawn.push(draw);
    }
  };

  const nearest = (sorted, value) => {
    let low = 0, high = sorted.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low > 0 && value - sorted[low - 1] < sorted[low] - value ? low - 1 : low;
  };

  const chart = (lane) => {
    const box = frame(lane), legend = make("ul", "legend"), holder = make("div");
    box.append(legend, holder);
    const items = lane.series.map(([label, tone]) => {
      const item = make("li"), swatch = make("i"), value = make("span", "v");
      item.append(swatch, make("span", "", label), value);
      legend.append(item);
      return { swatch, value, tone: tone.replace(/ .*/, "") };
    });
    const tones = { "never answered": "quiet", waiting: "quiet" };
    const tone = (i) => colour(tones[lane.series[i][1]] || lane.series[i][1]);
    const half = lane.stacked ? 0 : lane.width_s / 2, count = lane.at.length;
    const x = lane.at.map((at) => at + half), order = lane.series.map((_, i) => i);
    const values = lane.series.map(([, , list]) => list.map((value) => (value === NO_ANSWER ? null : value)));
    let rows = values;
    if (lane.stacked) { // each on top of those before it; the highest is drawn first
      x.push(lane.at[count - 1] + lane.width_s);
      const sums = new Array(count).fill(0);
      rows = values.map((list) => list.map((value, i) => (sums[i] += value || 0))).map((list) => [...list, list[count - 1]]);
      order.reverse();
    }
    const lone = (list) => list.map((value, i) => (value !== null && list[i - 1] == null && list[i + 1] == null ? i : -1)).filter((i) => i >= 0);
    const gaps = (plot) => { // where a percentile is a request without an answer
      const pen = plot.ctx, ratio = window.devicePixelRatio || 1;
      lane.series.forEach(([, , list], k) => list.forEach((value, i) => {
        if (value !== NO_ANSWER) return;
        const left = plot.valToPos(lane.at[i], "x", true), right = plot.valToPos(lane.at[i] + lane.width_s, "x", true);
        if (right < plot.bbox.left || left > plot.bbox.left + plot.bbox.width) return;
        pen.fillStyle = colour("bad");
        pen.fillRect(left, plot.bbox.top + (lane.series.length - 1 - k) * 5 * ratio, Math.max(1, right - left), 4 * ratio);
      }));
    };
    const decade = (mark) => (Math.abs(Math.log10(mark) - Math.round(Math.log10(mark))) < 1e-9 ? mark : null);
    const size = () => ({ width: lanes.clientWidth, height: lane.log || lane.stacked ? 120 : 74 });
    const plot = new uPlot({
      ...size(),
      padding: [8, 0, 4, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [view.from, view.to] },
        y: lane.log
          ? { distr: 3, range: (_, low, high) => (low == null || low <= 0 ? [1, 1000] : [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.02))]) }
          : { range: (_, low, high) => [0, lane.unit === "%" ? 100 : Math.max(1, (high || 0) * 1.08)] },
      },
      axes: [
        { show: false },
        {
          size: gutter, stroke: () => colour("soft"), font: "11px system-ui, sans-serif", gap: 4, ticks: { show: false },
          grid: { stroke: () => colour("grid"), width: 1, filter: (_, marks) => (lane.log ? marks.map(decade) : marks) }, space: 22,
          filter: (_, marks) => (lane.log ? marks.map(decade) : marks),
          values: (_, marks) => marks.map((mark) => (mark === null ? "" : lane.unit === "ms" ? (mark >= 1000 ? `${mark / 1000} s` : `${mark} ms`) : lane.unit === "%" ? `${mark} %` : String(mark))),
        },
      ],
      series: [{}, ...order.map((i) => ({
        stroke: () => tone(i), width: lane.stacked ? 0 : 1.6, fill: lane.stacked ? () => tone(i) : undefined,
        paths: lane.stacked ? uPlot.paths.stepped({ align: 1 }) : undefined,
        points: lane.stacked ? { show: false } : { show: true, size: 4, filter: () => lone(values[i]) },
      }))],
      hooks: { draw: [gaps] },
    }, [x, ...order.map((i) => rows[i])], holder);
    drawn.push(() => {
      items.forEach(({ swatch }, i) => { swatch.style.background = tone(i); });
      plot.setSize(size());
      plot.setScale("x", { min: view.from, max: view.to });
      plot.redraw(false, true);
    });
    const binAt = (s) => {
      const i = nearest(lane.at, s - lane.width_s / 2);
      return s >= lane.at[i] - lane.width_s && s < lane.at[i] + 2 * lane.width_s ? i : -1;
    };
    const show = (value) => (value === null || value === undefined ? "" : value === NO_ANSWER ? "no answer" : lane.unit === "ms" ? spell(value) : lane.unit === "%" ? `${Math.round(value)} %` : String(value));
    told.push({
      legend: (s) => {
        const i = s === null ? -1 : binAt(s);
        items.forEach(({ value }, k) => { value.textContent = i < 0 ? "" : show(lane.series[k][2][i]); });
      },
      detail: (s) => {
        const i = binAt(s);
        return i < 0 ? {} : Object.fromEntries(lane.series.filter(([, , list]) => list[i]).map(([label, , list]) => [`${{ ms: "", "%": "answers of " }[lane.unit] ?? "requests "}${label}`, show(list[i])]));
      },
    });
  };

  const kinds = { bands, ticks, chart };
  for (const lane of data.lanes) kinds[lane.kind](lane);
  lanes.append(over);

  // --- looking around ------------------------------------------------------------------------------------------------

  const draw = () => {
    over.style.top = `${axis.offsetTop}px`;
    drawAxis();
    for (const one of drawn) one();
    point(cursor);
  };
  const zoom = (from, to) => {
    const length = clamp(to - from, 0.5, whole.to - whole.from);
    const start = clamp((from + to) / 2 - length / 2, whole.from, whole.to - length);
    view = { from: start, to: start + length };
    draw();
  };
  const around = (factor, at = cursor === null ? (view.from + view.to) / 2 : cursor) => {
    const middle = clamp(at, view.from, view.to);
    zoom(middle - (middle - view.from) * factor, middle + (view.to - middle) * factor);
  };
  const point = (s) => {
    cursor = s;
    line.hidden = s === null || s < view.from || s > view.to;
    if (!line.hidden) line.style.left = `${place(s)}px`;
    now.textContent = s === null ? `${data.windows.length ? "point at a time" : "no load ran"}` : [`${s.toFixed(1)} s`, clock(s), phaseAt(s)].filter(Boolean).join(" · ");
    for (const one of told) one.legend(s);
  };

  const choose = (node, title, from, to, detail, cites) => {
    if (chosen) chosen.setAttribute("aria-pressed", "false");
    chosen = node;
    if (node) node.setAttribute("aria-pressed", "true");
    const close = make("button", "close", "×"), list = make("dl"), when = to === null ? `${from.toFixed(3)} s` : `${from.toFixed(3)} s to ${to.toFixed(3)} s`;
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", shut);
    for (const [name, value] of Object.entries({ when: [when, clock(from)].filter(Boolean).join(" · "), ...detail })) {
      if (value !== "" && value !== null) list.append(make("dt", "", name), make("dd", "", typeof value === "string" ? value : JSON.stringify(value)));
    }
    pane.replaceChildren(close, make("h3", "", title), list);
    for (const cite of cites) {
      const fact = data.facts[cite];
      if (!fact) continue;
      const [kind, name, at, file, body] = fact, box = make("details", "proof"), head = make("summary");
      head.append(make("code", "", cite), ` ${name}`, make("span", "at", at === null ? "" : `${at.toFixed(3)} s`));
      box.append(head, make("pre", "raw", kind === "line" ? body.line : JSON.stringify(body)), make("p", "from", file));
      pane.append(box);
    }
    pane.hidden = false;
    point(from);
  };
  const shut = () => {
    pane.hidden = true;
    if (chosen) {
      chosen.setAttribute("aria-pressed", "false");
      chosen.focus();
    }
    chosen = null;
  };
  const tell = (s) => {
    const detail = Object.assign({ phase: phaseAt(s), "faults on": data.faults.filter(([, from, to]) => from <= s && s <= to).map(([id]) => id).join(", ") || "none" }, ...told.map((one) => one.detail(s)));
    choose(null, `Second ${s.toFixed(1)}`, s, null, detail, []);
  };

  const inside = (event) => event.clientX - lanes.getBoundingClientRect().left - gutter();
  let pressed = null;
  lanes.addEventListener("pointermove", (event) => {
    const x = inside(event);
    if (pressed !== null && Math.abs(x - pressed) > 4) {
      drag.hidden = false;
      drag.style.left = `${clamp(Math.min(x, pressed), 0, width())}px`;
      drag.style.width = `${Math.abs(clamp(x, 0, width()) - pressed)}px`;
    }
    if (x >= 0 && x <= width()) point(second(x));
  });
  lanes.addEventListener("pointerdown", (event) => {
    const x = inside(event);
    pressed = event.button === 0 && x >= 0 && !event.target.closest(".readout") ? x : null;
  });
  window.addEventListener("pointerup", (event) => {
    if (pressed !== null && !drag.hidden) {
      const x = clamp(inside(event), 0, width()), [from, to] = [second(Math.min(x, pressed)), second(Math.max(x, pressed))];
      dragged = true;
      zoom(from, to);
    }
    pressed = null;
    drag.hidden = true;
  });
  let dragged = false;
  lanes.addEventListener("click", (event) => { // the click that ends a drag chooses nothing
    if (!dragged) return;
    dragged = false;
    event.stopPropagation();
    event.preventDefault();
  }, true);
  lanes.addEventListener("click", (event) => {
    const x = inside(event);
    if (event.target.closest(".readout, .event") || x < 0) return;
    if (event.target.closest(".lane.chart")) tell(second(x));
  });
  lanes.addEventListener("dblclick", (event) => {
    if (!event.target.closest(".readout")) zoom(whole.from, whole.to);
  });
  lanes.addEventListener("pointerleave", () => { if (pane.hidden) point(null); });
  lanes.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      around(event.deltaY > 0 ? 1.25 : 0.8, second(inside(event)));
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      event.preventDefault();
      const by = ((event.deltaX || event.deltaY) / width()) * (view.to - view.from);
      zoom(view.from + by, view.to + by);
    }
  }, { passive: false });
  lanes.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (view.to - view.from) / (event.shiftKey ? 20 : 200), at = cursor === null ? (view.from + view.to) / 2 : cursor;
    const acts = {
      ArrowLeft: () => point(clamp(at - step, whole.from, whole.to)), ArrowRight: () => point(clamp(at + step, whole.from, whole.to)),
      "+": () => around(0.5), "=": () => around(0.5), "-": () => around(2), _: () => around(2), 0: () => zoom(whole.from, whole.to),
      "[": () => zoom(view.from - 20 * step, view.to - 20 * step), "]": () => zoom(view.from + 20 * step, view.to + 20 * step),
      Escape: shut,
    };
    if (event.target === lanes) acts.Enter = () => tell(at);
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
    if (cursor !== null && (cursor < view.from || cursor > view.to) && event.key.startsWith("Arrow")) {
      const length = view.to - view.from;
      zoom(cursor - length / 2, cursor + length / 2);
    }
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !pane.hidden) shut(); });

  // --- the rest of the page ------------------------------------------------------------------------------------------

  for (const link of document.querySelectorAll("[data-zoom]")) {
    link.addEventListener("click", () => {
      const [from, to] = link.dataset.zoom.split(",").map(Number), room = (to - from) * 0.08;
      zoom(from - room, to + room);
      point(link.dataset.at ? Number(link.dataset.at) : null);
      document.getElementById("timeline").scrollIntoView();
    });
  }
  const opened = () => { // what the address names is opened, with all around it
    const named = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let node = named; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (named) named.scrollIntoView();
  };
  window.addEventListener("hashchange", opened);

  const all = document.getElementById("all-findings"), every = [...document.querySelectorAll(".finding")];
  all.hidden = every.length === 0;
  all.addEventListener("click", () => {
    const open = all.textContent === "open all";
    for (const one of every) one.open = open;
    all.textContent = open ? "close all" : "open all";
  });

  const theme = document.getElementById("theme"), themes = ["system", "dark", "light"];
  const kept = (value) => { // a browser may refuse to keep anything for a file
    try {
      if (value) localStorage.setItem("drill-theme", value);
      return localStorage.getItem("drill-theme");
    } catch {
      return null;
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
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  const closed = []; // on paper everything that a finding rests on is told, and closed again after
  window.addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll(".finding:not([open])")) {
      one.open = true;
      closed.push(one);
    }
    draw();
  });
  window.addEventListener("afterprint", () => {
    for (const one of closed.splice(0)) one.open = false;
    draw();
  });
  window.matchMedia("print").addEventListener("change", draw);
  new ResizeObserver(draw).observe(lanes);

  dress(themes.includes(kept()) ? kept() : "system");
  opened();
  root.dataset.ready = "yes";
})();
