// The picture above the table: its numbers are read from the cells, so that both can only say the same.

const parts = [["made", "#2f7d46"], ["late", "#8fc7a0"], ["not_met", "#c77800"], ["missed", "#b3261e"], ["refused", "#868e96"], ["undecided", "#cdd9e5"]];
const PAPER = { width: 1040, height: 130 };

const table = document.getElementById("numbers");
const box = document.getElementById("chart");
const rows = [...table.tBodies[0].rows].map((row) => {
  const number = (name) => Number(row.querySelector(`td[data-name=${name}]`).textContent) || 0;
  const numbers = Object.fromEntries(parts.map(([name]) => [name, number(name)]));
  return { ...numbers, made: numbers.made - numbers.late, name: row.cells[0].textContent.trim() };
});
const label = (name) => table.querySelector(`thead th[data-name=${name}]`).textContent;

const chart = window.echarts.init(box, null, { renderer: "svg" });
chart.setOption({
  animation: false,
  textStyle: { fontFamily: "inherit" },
  legend: { type: "scroll", top: 0, itemHeight: 10, itemGap: 14, selectedMode: false },
  grid: { left: 30, right: 8, top: 28, bottom: 24 },
  xAxis: { type: "category", data: rows.map((row) => row.name), axisTick: { show: false }, axisLabel: { interval: 0, hideOverlap: true, color: "#212529", width: 90, overflow: "truncate" } },
  yAxis: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: "#e9ecef" } } },
  series: parts.map(([name, color]) => ({
    name: label(name), type: "bar", stack: "all", barMaxWidth: 28, itemStyle: { color }, data: rows.map((row) => row[name]),
  })),
});
new ResizeObserver(() => chart.resize()).observe(box);
window.addEventListener("beforeprint", () => chart.resize(PAPER));
window.addEventListener("afterprint", () => chart.resize({ width: "auto", height: "auto" }));

const print = document.getElementById("print");
print.hidden = false;
print.addEventListener("click", () => window.print());
