// Draws each chart of a page in the colours of the style sheet, and again when the colour scheme changes.
"use strict";
(() => {
  if (typeof Plotly === "undefined") return;

  const draw = (chart, figure) => {
    const style = getComputedStyle(chart);
    const colour = (name) => style.getPropertyValue(name).trim();
    const swatches = [...(chart.closest("section")?.querySelectorAll(".swatch") ?? [])];
    figure.data.forEach((series, index) => {
      const swatch = swatches[index];
      const fill = swatch ? getComputedStyle(swatch).backgroundColor : colour("--series-0");
      if (series.type === "scatter") {
        series.line = { color: fill, width: 2, dash: "dash" };
      } else {
        series.marker = { color: fill, line: { color: colour("--surface"), width: figure.data[0].x.length > 200 ? 0 : 0.5 } };
      }
    });
    const quiet = { color: colour("--quiet"), family: style.fontFamily, size: 12 };
    const { xaxis, yaxis } = figure.layout;
    const narrow = chart.clientWidth < 480 && xaxis.tickvals?.length > 5;
    const every = (list) => (narrow ? list.filter((_, index) => index % 2 === 0) : list);
    const ticks = xaxis.tickvals ? { tickvals: every(xaxis.tickvals), ticktext: every(xaxis.ticktext) } : {};
    const layout = {
      ...figure.layout,
      font: quiet,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      hoverlabel: { bgcolor: colour("--surface"), bordercolor: colour("--line"), font: { ...quiet, color: colour("--text") } },
      xaxis: { ...xaxis, ...ticks, linecolor: colour("--line"), showline: true, spikecolor: colour("--edge"), spikedash: "solid" },
      yaxis: { ...yaxis, gridcolor: colour("--line"), zerolinecolor: colour("--line") },
    };
    Plotly.react(chart, figure.data, layout, figure.config);
  };

  for (const chart of document.querySelectorAll(".chart")) {
    const source = document.getElementById(`${chart.id}-figure`);
    if (!source) continue;
    const figure = JSON.parse(source.textContent);
    draw(chart, figure);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(chart, figure));
  }
})();
