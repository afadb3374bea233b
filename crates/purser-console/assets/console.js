// Draws the spend chart in the colours of the style sheet, and again when the colour scheme changes.
"use strict";
(() => {
  const chart = document.getElementById("spend");
  const source = document.getElementById("spend-figure");
  if (!chart || !source || typeof Plotly === "undefined") return;
  const figure = JSON.parse(source.textContent);
  const swatches = [...document.querySelectorAll(".key .swatch")];

  const draw = () => {
    const style = getComputedStyle(chart);
    const colour = (name) => style.getPropertyValue(name).trim();
    figure.data.forEach((bar, index) => {
      const swatch = swatches[index];
      const fill = swatch ? getComputedStyle(swatch).backgroundColor : colour("--quiet");
      bar.marker = { color: fill, line: { color: colour("--surface"), width: figure.data[0].x.length > 200 ? 0 : 0.5 } };
    });
    const quiet = { color: colour("--quiet"), family: style.fontFamily, size: 12 };
    const { xaxis, yaxis } = figure.layout;
    const narrow = chart.clientWidth < 480 && xaxis.tickvals.length > 5;
    const every = (list) => (narrow ? list.filter((_, index) => index % 2 === 0) : list);
    const layout = {
      ...figure.layout,
      font: quiet,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      hoverlabel: { bgcolor: colour("--surface"), bordercolor: colour("--line"), font: { ...quiet, color: colour("--text") } },
      xaxis: { ...xaxis, tickvals: every(xaxis.tickvals), ticktext: every(xaxis.ticktext), linecolor: colour("--line"), showline: true, spikecolor: colour("--edge"), spikedash: "solid" },
      yaxis: { ...yaxis, gridcolor: colour("--line"), zerolinecolor: colour("--line") },
    };
    Plotly.react(chart, figure.data, layout, figure.config);
  };

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
