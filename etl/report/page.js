"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const get = (id) => document.getElementById(id);

  // Text from cells goes in as text alone: nothing here takes HTML.
  function element(name, text, classes) {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = text;
    if (classes) made.className = classes;
    return made;
  }

  function headed(table, columns) {
    const head = table.createTHead().insertRow();
    // Said again for small screens, where the table is shown as blocks and would be none to a screen reader.
    table.setAttribute("role", "table");
    for (const [label, classes] of columns) {
      const cell = element("th", label, classes);
      cell.scope = "col";
      head.append(cell);
    }
    return table.createTBody();
  }

  // Rows that need a person

  const FIRST = matchMedia("(max-width: 44rem)").matches ? 20 : 50, AT_ONCE = 200;
  const [ROW, FILE, KEY, ACTION, CODE, FIELD, MESSAGE, URL] = [0, 1, 2, 3, 4, 5, 6, 7];

  function finder() {
    const rows = data.rows;
    const severalFiles = new Set(rows.map((row) => row[FILE])).size > 1;
    const columns = [["row", "number", ROW], ["file", "", FILE], ["key", "key", KEY], ["action", "short", ACTION], ["cause", "short", CODE],
      ["field", "short", FIELD], ["what is wrong, and what to do", "text", MESSAGE]].filter(([, , place]) => place !== FILE || severalFiles);
    const body = headed(get("rows"), columns);
    const texts = rows.map((row) => row.slice(0, URL).join(" ").toLowerCase());
    const causeOf = (row) => (row[FIELD] ? row[CODE] + " · " + row[FIELD] : row[CODE]);
    const search = get("search"), cause = get("cause"), more = get("more");
    let found = [], shown = 0;

    function cell(row, [label, classes, place]) {
      const made = element("td", undefined, classes);
      made.setAttribute("role", "cell");
      if (row[place] === null || row[place] === "") return made;
      const text = element("bdi", row[place]);
      if (place === KEY && row[URL]) {
        const link = element("a");
        link.href = row[URL];
        link.rel = "noreferrer noopener";
        link.append(text);
        made.append(link);
      } else made.append(text);
      if (place !== MESSAGE) made.dataset.label = label;
      return made;
    }

    function show(number) {
      for (const row of found.slice(shown, shown + number)) {
        const line = body.insertRow();
        line.setAttribute("role", "row");
        line.append(...columns.map((column) => cell(row, column)));
      }
      shown = Math.min(found.length, shown + number);
      more.hidden = shown === found.length;
      more.textContent = "Show " + Math.min(AT_ONCE, found.length - shown) + " more";
      const of = found.length === rows.length ? "" : " found among " + rows.length.toLocaleString("en") + " rows";
      get("found").textContent = found.length.toLocaleString("en") + (of || " rows") + (more.hidden ? "" : "; the first " + shown.toLocaleString("en") + " are shown");
    }

    function find() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      found = rows.filter((row, place) => (!cause.value || causeOf(row) === cause.value) && words.every((word) => texts[place].includes(word)));
      body.replaceChildren();
      shown = 0;
      show(FIRST);
    }

    const counted = new Map();
    for (const row of rows) counted.set(causeOf(row), (counted.get(causeOf(row)) || 0) + 1);
    for (const [name, number] of [...counted].sort((one, other) => other[1] - one[1])) {
      const option = element("option", name + " (" + number.toLocaleString("en") + ")");
      option.value = name;
      cause.append(option);
    }
    for (const button of document.querySelectorAll(".only")) {
      const name = causeOf([0, 0, 0, 0, button.dataset.code, button.dataset.field]);
      if (!counted.has(name)) continue;
      button.hidden = false;
      button.addEventListener("click", () => {
        cause.value = name;
        search.value = "";
        find();
        get("attention").scrollIntoView();
        search.focus({ preventScroll: true });
      });
    }
    search.addEventListener("input", find);
    cause.addEventListener("change", find);
    more.addEventListener("click", () => show(AT_ONCE));
    get("finder").hidden = false;
    find();
  }

  // Plots

  function plots(course) {
    const steps = course.written.length, edges = Array.from({ length: steps + 1 }, (_, step) => course.began + step * course.step);
    const spanSeconds = steps * course.step;
    const utc = (seconds) => new Date(seconds * 1000).toISOString();
    const time = (seconds) => {
      const [day, clock] = [utc(seconds).slice(5, 10), utc(seconds).slice(11, spanSeconds < 900 ? 19 : 16)];
      return spanSeconds > 86400 ? day + " " + clock : clock;
    };
    // A step lasts until the next begins, so the last figure is said twice.
    const held = (figures) => [...figures, figures[steps - 1]];
    const figure = (unit) => (_, value) => (value === null || value === undefined ? "" : value.toLocaleString("en", { maximumFractionDigits: 1 }) + unit);
    const kinds = {
      pace: () => [
        ["written", course.written, "--good", { fill: "28" }],
        ["requests", course.requests, "--request", { width: 1 }],
        course.pace && ["own pace", course.pace, "--wait", { width: 1, dash: [2, 3] }],
        course.limit && ["limit", course.limit, "--ink", { width: 1.5, dash: [7, 4] }],
      ],
      latency: () => [["p95", course.p95, "--wait", { width: 1.5 }], ["p50", course.p50, "--request", { fill: "28" }]],
      trouble: () => [["repeated", course.retries, "--wait", { fill: "c0", bars: 0.9 }], ["429", course.throttled, "--bad", { fill: "ff", bars: 0.45 }]],
    };
    const units = { pace: "/s", latency: " ms", trouble: "" };

    function series([label, , colour, { width, dash, fill, bars }], unit, palette) {
      const stroke = palette(colour);
      const paths = bars ? uPlot.paths.bars({ align: 1, size: [bars, 60] }) : uPlot.paths.stepped({ align: 1 });
      return { label, stroke, width: bars ? 0 : width || 1.5, dash, fill: fill && stroke + fill, paths, points: { show: false }, value: figure(unit) };
    }

    function draw(name, place, width) {
      const style = getComputedStyle(document.documentElement), palette = (colour) => style.getPropertyValue(colour).trim();
      const lines = kinds[name]().filter(Boolean), unit = units[name];
      const axis = { stroke: palette("--faint"), grid: { stroke: palette("--line"), width: 1 }, ticks: { stroke: palette("--line"), width: 1 }, font: "12px system-ui, sans-serif" };
      const options = {
        width, height: name === "pace" ? 260 : 200, cursor: { sync: { key: "run" }, drag: { x: true, y: false } },
        scales: { x: { time: true }, y: { range: (_, least, most) => [0, (most || 1) * 1.08] } },
        axes: [
          { ...axis, space: 70, values: (_, splits) => splits.map(time) },
          { ...axis, size: 56, values: (_, splits) => splits.map((value) => value.toLocaleString("en")) },
        ],
        series: [{ label: "UTC", value: (_, seconds) => (seconds === null ? "" : time(seconds)) }, ...lines.map((line) => series(line, unit, palette))],
      };
      const drawnFigures = lines.map(([, figures, , { bars }]) => (bars ? [...figures, null] : held(figures)));
      return new uPlot(options, [edges, ...drawnFigures], place);
    }

    let drawn = [];
    function drawAll(width) {
      for (const plot of drawn) plot.destroy();
      drawn = Object.keys(kinds).filter((name) => get("plot-" + name)).map((name) => {
        const place = get("plot-" + name);
        return draw(name, place, width || place.clientWidth);
      });
    }
    const PAPER_WIDTH = 680;
    let asked = 0;
    window.addEventListener("resize", () => {
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(() => drawAll());
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
    window.addEventListener("beforeprint", () => {
      document.documentElement.classList.add("paper");
      drawAll(PAPER_WIDTH);
    });
    window.addEventListener("afterprint", () => {
      document.documentElement.classList.remove("paper");
      drawAll();
    });
    drawAll();

    const details = get("figures");
    details.addEventListener("toggle", () => {
      if (get("steps").tHead) return;
      const columns = [["from (UTC)"], ["written/s", "number"], ["requests/s", "number"], ["repeated", "number"], ["429", "number"], ["p50 ms", "number"], ["p95 ms", "number"], ["slowest ms", "number"]];
      const body = headed(get("steps"), columns), lists = [course.written, course.requests, course.retries, course.throttled, course.p50, course.p95, course.longest];
      for (let step = 0; step < steps; step++) {
        const row = body.insertRow();
        row.append(element("td", utc(edges[step]).slice(0, 19).replace("T", " ")), ...lists.map((list) => element("td", figure("")(null, list[step]), "number")));
      }
    });
  }

  if (data.rows.length) finder();
  if (data.course) plots(data.course);
})();
