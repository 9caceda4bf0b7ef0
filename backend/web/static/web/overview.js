// Pictures of the tables beside them: the numbers are read from the rows, so that both can only say the same.

const colours = { late: "#b3261e", rest: "#9fb8cf" };
const SHOWN = 12;

function bars(table) {
  return [...table.tBodies[0].rows].filter((row) => row.dataset.open).slice(0, SHOWN).map((row) => ({
    name: row.cells[0].textContent.trim(),
    late: Number(row.dataset.overdue),
    rest: Number(row.dataset.open) - Number(row.dataset.overdue),
    link: row.dataset.link,
  }));
}

function draw(box) {
  const rows = bars(document.getElementById(box.dataset.table)).reverse();
  box.style.height = `${rows.length * 26 + 44}px`;
  const chart = window.echarts.init(box, null, { renderer: "svg" });
  const part = (name, key) => ({
    name, type: "bar", stack: "all", barMaxWidth: 18, cursor: "pointer",
    itemStyle: { color: colours[key] },
    label: { show: true, color: key === "late" ? "#fff" : "#212529", formatter: ({ value }) => value || "" },
    data: rows.map((row) => row[key]),
  });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(box).fontFamily } /* labels are measured with it */,
    legend: { bottom: 0, left: 134, itemHeight: 10, itemGap: 16, selectedMode: false },
    grid: { left: 134, right: 12, top: 4, bottom: 30 },
    xAxis: { type: "value", minInterval: 1, axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: {
      type: "category", data: rows.map((row) => row.name), axisTick: { show: false },
      axisLabel: { width: 124, overflow: "truncate", color: "#212529" },
    },
    series: [part(box.dataset.late, "late"), part(box.dataset.rest, "rest")],
  });
  chart.on("click", ({ dataIndex }) => window.location.assign(rows[dataIndex].link));
  new ResizeObserver(() => chart.resize()).observe(box);
}

document.querySelectorAll(".chart").forEach(draw);
