// A table that shows one page of its rows at a time and can be searched: ten thousand rows cost no more than fifty.

/**
 * columns: {title, text(row), number, wide, node(row)}: node gives an element in place of text; wide columns hide on a phone.
 * Returns an element with show(rows).
 */
function pagedTable({ caption, columns, rows, size = 25, search = null }) {
  let found = rows, all = rows, page = 0;
  const body = h("tbody");
  const status = h("span", { class: "quiet", role: "status" });
  const back = h("button", { type: "button", class: "button", onclick: () => turn(-1) }, "Previous");
  const next = h("button", { type: "button", class: "button", onclick: () => turn(1) }, "Next");
  const pager = h("div", { class: "pager" }, status, back, next);
  const head = h("tr", {}, columns.map((column) => h("th", { scope: "col", class: classes(column) }, column.title)));
  const table = h("table", {}, h("caption", {}, caption), h("thead", {}, head), body);
  const element = h("div", {});
  if (search) {
    const input = h("input", { type: "search", placeholder: search, "aria-label": search, oninput: () => filter(input.value) });
    element.append(h("div", { class: "controls" }, input));
  }
  element.append(h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table), pager);
  element.show = (shown) => { all = found = shown; page = 0; draw(); };

  function classes(column) {
    return [column.number && "number", column.wide && "wide-only"].filter(Boolean).join(" ") || null;
  }
  function filter(text) {
    const wanted = text.trim().toLowerCase();
    found = wanted ? all.filter((row) => columns.some((column) => String(column.text(row)).toLowerCase().includes(wanted))) : all;
    page = 0;
    draw();
  }
  function turn(step) { page += step; draw(); }
  function draw() {
    const shown = found.slice(page * size, (page + 1) * size);
    body.replaceChildren(...shown.map((row) => h("tr", {}, columns.map((column, index) =>
      h(index ? "td" : "th", { scope: index ? null : "row", class: [classes(column), index ? "" : "name-cell"].join(" ").trim() || null },
        column.node ? column.node(row) : column.text(row))))));
    if (!shown.length) body.append(h("tr", {}, h("td", { colspan: columns.length, class: "empty" }, "Nothing to show.")));
    const pages = Math.max(1, Math.ceil(found.length / size));
    status.textContent = plural(found.length, "row") + (pages > 1 ? ", page " + (page + 1) + " of " + pages : "");
    back.hidden = next.hidden = pages === 1;
    back.disabled = page === 0;
    next.disabled = page >= pages - 1;
  }
  draw();
  return element;
}
