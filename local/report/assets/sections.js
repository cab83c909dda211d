// The sections of the page, each from its part of the report.

const COST_TYPES = [["billed", "Billed"], ["amortized", "Amortized"], ["usage", "Usage only"]];
const LEVEL_NAMES = {
  "account/total": "Total", "account/provider": "Provider", "account/account": "Account", "account/region": "Region",
  "group/customer": "Customer", "group/cluster": "Cluster", "group/index_name": "Index", "group/env": "Environment", "group/purpose": "Purpose",
  "service/service": "Service", "service/resource_type": "Resource type", "service/usage_type": "Usage type",
};
const levelName = (key) => LEVEL_NAMES[key] || key;
const levelOf = (key) => report.levels.find((level) => level.key === key);

function heading() {
  $("title").textContent = report.title;
  const last = report.days.at(-1);
  const partial = report.last_complete_day && report.last_complete_day !== last ? ", the last day in part" : "";
  $("period").textContent = longDay(report.days[0]) + " to " + longDay(last) + partial + ". Made " + report.generated_at + " UTC.";
}

function figures() {
  for (const { name, value, note } of report.figures) {
    $("figures").append(h("div", {}, h("dt", {}, name), h("dd", {}, h("span", { class: "big" }, value)), h("dd", { class: "note" }, note)));
  }
  $("basis").textContent = report.basis;
}

function spend() {
  const state = { key: "account/account", cost: "billed", hidden: new Set() };
  const main = [["account/account", "Account"], ["group/customer", "Group"], ["service/service", "Service"]].filter(([key]) => levelOf(key));
  const others = report.levels.filter((level) => level.series.length).map((level) => [level.key, levelName(level.key)]);
  const group = segments("Split by", main, state.key, (key) => choose(key));
  const select = options(h("select", { "aria-label": "Any level", onchange: () => choose(select.value) }), others);
  const cost = segments("Cost type", COST_TYPES, state.cost, (value) => { state.cost = value; update(); });
  $("spend-controls").append(group, select, cost);

  function choose(key) {
    state.key = key;
    state.hidden.clear();
    press(group, key);
    select.value = key;
    update();
  }
  function series() {
    const level = levelOf(state.key);
    const named = level.series.map((one, index) => ({ id: one.id, name: nodeName(level.level, one.id), values: one[state.cost], color: seriesColor(index, one.id) }));
    const rest = level.other[state.cost];
    const count = level.nodes.length - level.series.length;
    return rest.length ? [...named, { id: null, name: plural(count, "other"), values: rest, color: seriesColor(0, null) }] : named;
  }
  function draw() {
    stackedBars($("spend-chart"), report.days, series().map((one) => ({ ...one, visible: !state.hidden.has(one.id) })));
  }
  function legend(shown) {
    const total = sum(shown.map((one) => sum(one.values)));
    $("spend-legend").replaceChildren(...shown.map((one) => h("li", {}, h("button", {
      type: "button", "aria-pressed": String(!state.hidden.has(one.id)), title: one.name, onclick: (event) => toggle(one, event.currentTarget),
    }, h("span", { class: "swatch", style: { background: one.color } }), h("span", { class: "name" }, one.name),
      h("span", {}, money(sum(one.values))), h("span", { class: "quiet" }, total ? percent(sum(one.values) / total) : "")))));
  }
  function toggle(one, button) {
    if (!state.hidden.delete(one.id)) state.hidden.add(one.id);
    button.setAttribute("aria-pressed", String(!state.hidden.has(one.id)));
    if (ready) draw();
  }
  function table(shown) {
    const columns = [{ title: "Day", text: (row) => longDay(row.day) }, { title: "Total", number: true, text: (row) => cents.format(row.total) },
      ...shown.map((one) => ({ title: one.name, number: true, text: (row) => cents.format(one.values[row.index]) }))];
    const rows = report.days.map((iso, index) => ({ day: iso, index, total: sum(shown.map((one) => one.values[index])) })).reverse();
    const details = $("spend-table");
    details.replaceChildren(details.firstElementChild, pagedTable({ caption: "Daily " + state.cost + " cost by " + levelName(state.key).toLowerCase() + ", USD", columns, rows, size: 31 }));
  }
  function update() {
    const shown = series();
    legend(shown);
    table(shown);
    $("spend-chart").setAttribute("aria-label", "Bar chart of daily " + state.cost + " cost by " + levelName(state.key).toLowerCase() + ", "
      + days(report.days[0], report.days.at(-1)) + ". Largest: " + shown.slice(0, 3).map((one) => one.name + " " + money(sum(one.values))).join(", ") + ". A table follows.");
    if (ready) draw();
  }
  select.value = state.key;
  update();
  onCharts(() => { legend(series()); draw(); });
}

function driverTable(drivers, first, last) {
  if (!drivers.length) return h("p", { class: "empty" }, "Nothing in it cost more than in the 30 days before.");
  const most = Math.max(...drivers.map((driver) => driver.increase));
  return h("table", {}, h("caption", {}, "What grew, " + days(first, last) + " against the 30 days before"),
    h("thead", { class: "hidden" }, h("tr", {}, h("th", { scope: "col" }, "What"), h("th", { scope: "col" }, "Increase"))),
    h("tbody", {}, drivers.map((driver) => {
      const place = [driver.account && nodeName("account", driver.account), driver.resource].filter(Boolean).join(", ");
      return h("tr", {}, h("th", { scope: "row", class: "name-cell" }, driver.usage_type || driver.service || "Unattributed", h("span", { class: "sub" }, place),
        h("span", { class: "cell-bar", style: { width: Math.max(2, driver.increase / most * 100) + "%" } })), h("td", { class: "number" }, "+" + money(driver.increase)));
    })));
}

function anomalies() {
  const shown = report.anomalies.slice(0, 6);
  if (!shown.length) $("anomalies").append(h("p", { class: "empty" }, "No day stood out from the 30 days before it."));
  for (const finding of shown) {
    const name = nodeName(finding.level, finding.node);
    const more = finding.over >= 0;
    const chart = h("div", { class: "chart", role: "img", "aria-label": name + ": " + money(finding.actual) + " on " + day(finding.first_day) + " where "
      + money(finding.expected) + " was expected" + (finding.z === null ? "" : ", " + finding.z.toFixed(1) + " standard deviations away") + "." });
    $("anomalies").append(h("article", { class: "finding" },
      h("header", {}, h("h4", {}, name), h("span", { class: "over" + (more ? "" : " less") }, money(Math.abs(finding.over)) + (more ? " over expected" : " under expected"))),
      h("p", { class: "lead" }, levelName(finding.key) + ", " + longDay(finding.first_day) + ": " + money(finding.actual) + " (" + finding.basis + ") against " + money(finding.expected)
        + (finding.over_pct === null ? "" : ", " + (more ? "+" : "") + finding.over_pct.toFixed(0) + " %") + ". " + plural(finding.day_count, "unusual day") + " so far. ",
        h("span", { class: "chip " + finding.status }, finding.status)),
      h("div", { class: "halves" }, h("figure", { style: { margin: 0 } }, chart, h("figcaption", { class: "quiet" }, "Spent each day; the band is the mean of the 30 days before, ± 3 σ.")),
        driverTable(finding.drivers, finding.first_day, finding.first_day)),
      queryDetails(finding.query)));
    onCharts(() => bandChart(chart, finding));
  }
  if (report.anomalies.length > shown.length) $("anomalies").append(pagedTable({
    caption: "Further unusual spend", rows: report.anomalies.slice(shown.length), size: 10, columns: [
      { title: "Node", text: (f) => nodeName(f.level, f.node) }, { title: "Day", text: (f) => day(f.first_day) },
      { title: "Status", text: (f) => f.status }, { title: "Over expected", number: true, text: (f) => money(f.over) }],
  }));
}

function violations() {
  if (!report.violations.length) $("violations").append(h("p", { class: "empty" }, "No budget rule was broken."));
  for (const finding of report.violations) {
    const name = nodeName(finding.level, finding.node);
    const per = finding.period === "daily" ? "a day" : "a month";
    const kept = Math.max(0, Math.min(100, finding.limit / finding.actual * 100));
    $("violations").append(h("article", { class: "finding" },
      h("header", {}, h("h4", {}, name + ": over " + money(finding.limit) + " " + per), h("span", { class: "over" }, money(finding.over) + " over on " + day(finding.last_day))),
      h("p", { class: "lead" }, finding.description + (finding.description ? ". " : ""), h("span", { class: "chip " + finding.status }, finding.status), " ", h("span", { class: "chip " + finding.severity }, finding.severity)),
      h("div", { class: "halves" }, h("div", {},
        h("div", { class: "meter", role: "img", "aria-label": money(finding.actual) + " spent, " + money(finding.limit) + " allowed" },
          h("i", { style: { width: kept + "%" } }), h("b", { style: { left: kept + "%", right: "0" } }), h("u", { style: { left: kept + "%" } })),
        h("p", { class: "meter-text" }, h("span", {}, "Allowed " + money(finding.limit)), h("span", {}, "Spent " + money(finding.actual) + ", " + finding.basis)),
        h("p", { class: "quiet", style: { marginTop: ".75rem" } }, plural(finding.day_count, "day") + " over the limit, " + days(finding.first_day, finding.last_day) + ". Rule " + finding.rule_id + (finding.owner ? ", told to " + finding.owner : "") + ".")),
      driverTable(finding.drivers, ...finding.window)),
      queryDetails(finding.query)));
  }
}

function customers() {
  const names = [...new Set(report.customers.map((row) => row.customer))];
  if (!names.length) return void $("customer").append(h("p", { class: "empty" }, "No cost is tagged with a customer. config/grouping.yaml says which tags name one."));
  const level = levelOf("group/customer");
  const total = new Map(level.nodes.map(([id, billed]) => [id, billed]));
  names.sort((a, b) => (total.get(b) || 0) - (total.get(a) || 0));
  const select = options(h("select", { id: "customer-name", onchange: () => show(select.value) }), names.map((name) => [name, name]));
  const lead = h("p", { "aria-live": "polite" });
  const chart = h("div", { class: "chart", role: "img" });
  const tables = h("div", { class: "two" });
  $("customer").append(h("div", { class: "controls" }, h("label", { for: "customer-name" }, "Customer"), select), lead, chart, tables);
  let name = names[0];

  function draw() {
    const one = level.series.find((series) => series.id === name);
    chart.hidden = !one;
    if (one) stackedBars(chart, report.days, [{ name, values: one.billed, color: ink("accent"), visible: true }]);
  }
  function by(field, title, mine) {
    const sums = new Map();
    for (const row of mine) sums.set(row[field], (sums.get(row[field]) || 0) + row.billed);
    const rows = [...sums].sort((a, b) => b[1] - a[1]);
    const all = sum(rows.map((row) => row[1]));
    return pagedTable({ caption: name + " by " + title.toLowerCase() + ", billed, " + days(report.days[0], report.days.at(-1)), rows, size: 10, columns: [
      { title, text: (row) => nodeName("", row[0]), node: (row) => [nodeName("", row[0]), h("span", { class: "cell-bar", style: { width: Math.max(1, row[1] / rows[0][1] * 100) + "%" } })] },
      { title: "Share", number: true, text: (row) => (all ? percent(row[1] / all) : "") }, { title: "Billed", number: true, text: (row) => money(row[1]) }] });
  }
  function show(chosen) {
    name = chosen;
    const mine = report.customers.filter((row) => row.customer === name);
    const billed = sum(mine.map((row) => row.billed));
    lead.textContent = name + " cost " + money(billed) + ", " + percent(billed / report.total) + " of all spending; " + money(sum(mine.map((row) => row.amortized))) + " amortized.";
    chart.setAttribute("aria-label", "Bar chart of the daily billed cost of " + name);
    tables.replaceChildren(by("cluster", "Cluster", mine), by("service", "Service", mine));
    if (ready) draw();
  }
  show(name);
  onCharts(draw);
}

function resources() {
  const account = (row) => report.accounts[row.account] || row.account;
  $("resource-table").append(pagedTable({ caption: "Billed, " + days(report.days[0], report.days.at(-1)), rows: report.resources, size: 15, search: "Search resources", columns: [
    { title: "Resource", text: (row) => [row.name, row.arn].join(" "), node: (row) => [row.name || row.arn.split(/[/:]/).at(-1), h("span", { class: "sub" }, row.arn)] },
    { title: "Type", wide: true, text: (row) => row.type }, { title: "Account", wide: true, text: account }, { title: "Region", wide: true, text: (row) => row.region || "" },
    { title: "Customer", wide: true, text: (row) => row.customer || "" }, { title: "State", wide: true, text: (row) => row.state || "not scanned" },
    { title: "Billed", number: true, text: (row) => money(row.billed) }] }));
  $("inventory").append(pagedTable({ caption: "Resources of the newest snapshot", rows: report.inventory, size: 12, columns: [
    { title: "Type", text: (row) => row.type }, { title: "State", text: (row) => row.state }, { title: "Account", wide: true, text: account },
    { title: "Count", number: true, text: (row) => whole.format(row.count) }] }));
}

function coverage() {
  const body = $("coverage-body");
  if (!report.scans.length) return void body.append(h("p", { class: "empty" }, "No scan has run yet, so nothing here says what exists."));
  const failing = report.scans.filter((scan) => scan.status !== "ok");
  body.append(h("p", {}, whole.format(report.scans.length - failing.length) + " of " + plural(report.scans.length, "scan") + " succeeded the last time they ran."
    + (failing.length ? " What the others would have found is unknown, not absent." : "")));
  const collectors = [...new Set(report.scans.filter((scan) => /^\d{12}$/.test(scan.account)).map((scan) => scan.collector))].sort();
  const places = new Map();
  for (const scan of report.scans.filter((one) => collectors.includes(one.collector))) {
    const key = scan.account + "/" + scan.region;
    if (!places.has(key)) places.set(key, { account: scan.account, region: scan.region, scans: {}, failing: 0 });
    places.get(key).scans[scan.collector] = scan;
    if (scan.status !== "ok") places.get(key).failing += 1;
  }
  const said = (scan) => (scan ? scan.status + (scan.status === "ok" ? ", " + scan.count : "") : "never ran");
  const chip = (scan) => h("span", { class: "chip " + (scan ? scan.status : ""), title: scan ? scan.error || scan.at : null }, said(scan));
  body.append(pagedTable({ caption: "Newest outcome by account, region and collector, with the number of resources seen", search: report.scans.length > 60 ? "Search accounts and regions" : null,
    rows: [...places.values()].sort((a, b) => b.failing - a.failing || (a.account + a.region).localeCompare(b.account + b.region)), size: 15, columns: [
      { title: "Account and region", text: (row) => nodeName("account", row.account) + " " + row.region, node: (row) => [nodeName("account", row.account), h("span", { class: "sub" }, row.region)] },
      ...collectors.map((name) => ({ title: name, text: (row) => said(row.scans[name]), node: (row) => chip(row.scans[name]) }))] }));
  const bills = report.scans.filter((scan) => !collectors.includes(scan.collector));
  if (bills.length) body.append(pagedTable({ caption: "Bills that were read", rows: bills, size: 12, columns: [
    { title: "Bill", text: (scan) => scan.collector, node: (scan) => [scan.collector, h("span", { class: "sub" }, [scan.account, scan.region].filter(Boolean).join(", "))] },
    { title: "Outcome", text: (scan) => scan.status, node: (scan) => h("span", { class: "chip " + scan.status }, scan.status) },
    { title: "Lines", number: true, text: (scan) => whole.format(scan.count) }] }));
  if (failing.length) body.append(pagedTable({ caption: "Why scans did not succeed", rows: failing, size: 10, columns: [
    { title: "Scan", text: (scan) => [scan.collector, nodeName("account", scan.account), scan.region].join(", ") },
    { title: "Outcome", text: (scan) => scan.status, node: (scan) => h("span", { class: "chip " + scan.status }, scan.status) },
    { title: "Error", text: (scan) => scan.error || "" }] }));
}

function nodes() {
  const keys = report.levels.filter((level) => level.key !== "account/total");
  const select = options(h("select", { id: "node-level", onchange: () => show(select.value) }), keys.map((level) => [level.key, levelName(level.key) + " (" + whole.format(level.nodes.length) + ")"]));
  let level = keys[0];
  const table = pagedTable({ caption: "Largest first", rows: [], size: 25, search: "Search by name", columns: [
    { title: "Name", text: (row) => nodeName(level.level, row[0]), node: (row) => [nodeName(level.level, row[0]), nodeName(level.level, row[0]) === row[0] || row[0] === "unattributed" ? "" : h("span", { class: "sub" }, row[0])] },
    { title: "Share", number: true, text: (row) => (report.total ? percent(row[1] / report.total) : "") },
    { title: "Bill lines", number: true, wide: true, text: (row) => whole.format(row[3]) }, { title: "Amortized", number: true, wide: true, text: (row) => cents.format(row[2]) },
    { title: "Billed", number: true, text: (row) => cents.format(row[1]) }] });
  function show(key) { level = levelOf(key); table.show(level.nodes); }
  $("node-table").append(h("div", { class: "controls" }, h("label", { for: "node-level" }, "Level"), select), table);
  if (keys.length) { select.value = levelOf("group/customer") ? "group/customer" : keys[0].key; show(select.value); }
}

function ties() {
  $("ties-body").append(h("p", {}, report.ties.exact ? "Yes: the nodes of every level, unattributed ones included, add up to the total without rounding."
    : "No: the levels marked below do not add up to the total."),
  pagedTable({ caption: "Sum of each level against the total, USD, unrounded", rows: report.ties.levels, size: 20, columns: [
    { title: "Level", text: (row) => levelName(row.key) }, { title: "Nodes", number: true, text: (row) => whole.format(row.nodes) },
    { title: "Amortized", number: true, wide: true, text: (row) => row.amortized }, { title: "Billed", number: true, text: (row) => row.billed },
    { title: "Difference", number: true, text: (row) => row.difference, node: (row) => (row.difference === "0" ? "0" : h("span", { class: "chip failed" }, row.difference)) }] }));
}

themeToggle();
heading();
figures();
spend();
anomalies();
violations();
customers();
resources();
coverage();
nodes();
ties();
$("footer").textContent = report.footer;
