"use strict";
// Elements, money and dates. Text enters the page only as text nodes and attributes: what a tag says is never markup.

const report = JSON.parse(document.getElementById("report").textContent);
const $ = (id) => document.getElementById(id);

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(element.style, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) element.append(child);
  return element;
}

const cents = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 0 });
const whole = new Intl.NumberFormat("en-US");
const dayText = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const fullDay = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

const money = (value) => (Math.abs(value) >= 10000 ? dollars : cents).format(value);
const percent = (share) => (share * 100).toFixed(Math.abs(share) < 0.0995 ? 1 : 0) + " %";
const day = (iso) => dayText.format(new Date(iso + "T00:00:00Z"));
const longDay = (iso) => fullDay.format(new Date(iso + "T00:00:00Z"));
const days = (first, last) => (first === last ? day(first) : day(first) + " to " + day(last));
const plural = (count, noun) => whole.format(count) + " " + noun + (count === 1 ? "" : "s");
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** A node as people call it: accounts by their names, regions as "name, region". */
function nodeName(level, id) {
  if (id === "unattributed") return "Unattributed";
  if (level === "account") return report.accounts[id] || id;
  if (level === "region") {
    const [account, region] = id.split("/");
    return (report.accounts[account] || account) + (region ? ", " + region : "");
  }
  return level === "total" ? "All spending" : id;
}

function segments(label, options, chosen, choose) {
  const group = h("div", { class: "segments", role: "group", "aria-label": label });
  for (const [value, text] of options) {
    group.append(h("button", { type: "button", "data-value": value, "aria-pressed": String(value === chosen), onclick: () => {
      press(group, value);
      choose(value);
    } }, text));
  }
  return group;
}

function press(group, value) {
  for (const button of group.children) button.setAttribute("aria-pressed", String(button.dataset.value === value));
}

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => h("option", { value }, text)));
  return select;
}

/** SQL to paste into Athena, folded away. */
function queryDetails(sql) {
  if (!sql) return null;
  const said = h("span", { class: "quiet", role: "status" });
  const copy = h("button", { type: "button", class: "button", onclick: async () => {
    try { await navigator.clipboard.writeText(sql); said.textContent = " Copied"; }
    catch { said.textContent = " Select the text above and copy it"; }
  } }, "Copy");
  return h("details", {}, h("summary", {}, "The query behind it, for Athena"), h("pre", { tabindex: "0", "aria-label": "SQL" }, sql), copy, said);
}
