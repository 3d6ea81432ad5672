/* Plots: the data comes as JSON {x: [seconds], series: [{label, unit, currency, values}]}, colours from the page's tokens. */
(() => {
  "use strict";
  const figures = [...document.querySelectorAll("[data-plot]")];
  if (!figures.length || !window.uPlot) return;
  const HEIGHT = 240;
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const token = (name) => style.getPropertyValue(name).trim();
    return { ink: token("--muted"), line: token("--line"), series: [token("--accent"), token("--info"), token("--attention"), token("--danger")] };
  };
  const writer = (series) => {
    if (series.unit === "money") {
      const format = new Intl.NumberFormat("en", { style: "currency", currency: series.currency, maximumFractionDigits: 0 });
      return (value) => (value == null ? "–" : format.format(value));
    }
    const format = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });
    return (value) => (value == null ? "–" : format.format(value));
  };
  const day = (seconds) => new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const drawn = new Map();
  const last = (plot) => plot.setLegend({ idx: plot.data[0].length - 1 }, false);
  const draw = (figure, data) => {
    const space = figure.querySelector("[data-plot-space]");
    drawn.get(figure)?.destroy();
    const look = colours();
    const axis = { stroke: look.ink, grid: { stroke: look.line, width: 1 }, ticks: { show: false }, font: "12px Figtree, sans-serif" };
    const options = {
      width: space.clientWidth,
      height: HEIGHT,
      cursor: { y: false, points: { size: 7 } },
      legend: { live: true },
      // Away from a pointer the legend says what the last day was.
      hooks: { ready: [last], setLegend: [(plot) => { if (plot.cursor.idx == null) last(plot); }] },
      scales: { x: { time: true } },
      axes: [{ ...axis, space: 70, values: (_, ticks) => ticks.map(day) }, { ...axis, size: 64, values: (_, ticks) => ticks.map(writer(data.series[0])) }],
      series: [
        { label: "Day", value: (_, seconds) => (seconds == null ? "–" : day(seconds)) },
        ...data.series.map((series, index) => ({
          label: series.label,
          stroke: look.series[index % look.series.length],
          width: 2,
          fill: index === 0 ? `${look.series[0]}22` : undefined,
          points: { show: data.x.length < 3 },
          value: (_, value) => writer(series)(value),
        })),
      ],
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    };
    drawn.set(figure, new window.uPlot(options, [data.x, ...data.series.map((series) => series.values)], space));
  };
  for (const figure of figures) {
    const space = figure.querySelector("[data-plot-space]");
    fetch(figure.dataset.plot, { credentials: "same-origin", headers: { Accept: "application/json" } })
      .then((answer) => { if (!answer.ok) throw new Error(String(answer.status)); return answer.json(); })
      .then((data) => {
        if (!data.x.length) { space.hidden = true; return; }
        figure.querySelector("[data-plot-figures]").open = false;
        draw(figure, data);
        let width = space.clientWidth;
        new ResizeObserver(() => {
          if (Math.abs(space.clientWidth - width) < 2) return;
          width = space.clientWidth;
          drawn.get(figure)?.setSize({ width, height: HEIGHT });
        }).observe(space);
        window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(figure, data));
      })
      .catch(() => { space.hidden = true; });
  }
})();
