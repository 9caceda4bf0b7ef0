// Pictures above the tables: read from their cells, so that both can only say the same. What is not shown leaves a gap.

for (const box of document.querySelectorAll("[data-chart]")) {
  const table = document.getElementById(box.dataset.chart);
  const rows = [...table.tBodies[0].rows].map((row) => ({
    name: row.cells[0].textContent.trim(),
    value: row.cells[1].dataset.value === "" ? null : Number(row.cells[1].dataset.value),
  }));
  const percent = table.dataset.measure === "percent";
  const chart = window.echarts.init(box, null, { renderer: "svg" });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { left: 44, right: 8, top: 12, bottom: 24 },
    xAxis: { type: "category", data: rows.map((row) => row.name), axisTick: { show: false }, axisLabel: { hideOverlap: true, color: "#212529", width: 80, overflow: "truncate" } },
    yAxis: { type: "value", min: 0, max: percent ? 100 : null, minInterval: 1, splitLine: { lineStyle: { color: "#e9ecef" } } },
    series: [{
      type: box.dataset.chart === "by_month" ? "line" : "bar", barMaxWidth: 28, connectNulls: false, symbolSize: 7,
      itemStyle: { color: "#2f7d46" }, lineStyle: { color: "#2f7d46" }, data: rows.map((row) => row.value),
    }],
  });
  new ResizeObserver(() => chart.resize()).observe(box);
}
