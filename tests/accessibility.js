// What is wrong with the app for those who hear it or use it by keys: a line for each fault, none if there is none.
() => {
  const app = document.querySelector(".rv-app");
  const dialog = app.querySelector("dialog[open]"); // what is behind an open one cannot be reached
  const shown = (one) => one.getClientRects().length > 0 && getComputedStyle(one).visibility === "visible";
  const all = (selector) => [...(dialog ?? app).querySelectorAll(selector)].filter(shown);
  const clean = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const spoken = (one) => clean([...one.childNodes].map((node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    return node.nodeType === Node.ELEMENT_NODE && node.getAttribute("aria-hidden") !== "true" ? spoken(node) : "";
  }).join(" "));
  const byId = (ids) => clean((ids ?? "").split(/\s+/).map((id) => document.getElementById(id)?.textContent).join(" "));
  const nameOf = (one) => clean(one.getAttribute("aria-label")) || byId(one.getAttribute("aria-labelledby"))
    || clean([...(one.labels ?? [])].map(spoken).join(" ")) || spoken(one);
  const what = (one) => `<${one.tagName.toLowerCase()} class="${one.className}"> ${nameOf(one).slice(0, 40)}`;
  const faults = [];
  const fault = (text, one) => faults.push(`${text}: ${what(one)}`);

  const controls = all("button, input, select, textarea, summary, a[href], [tabindex='0'], [role=option]");
  const named = new Map();
  for (const one of controls) {
    const name = nameOf(one);
    if (!name) fault("no name", one);
    const act = one.tagName === "BUTTON" ? JSON.stringify({ ...one.dataset, key: "", do: one.dataset.do === "why" ? "detail" : one.dataset.do }) : "";
    if (act && named.has(name) && named.get(name) !== act) fault("two acts of one name", one);
    if (act) named.set(name, act);
    if (one.tabIndex > 0) fault("out of order", one);
    if (one.closest("[aria-hidden=true]")) fault("hidden from those who hear", one);
    if (one.parentElement.closest("button, a[href]")) fault("a control in a control", one);
    const { width, height } = (one.closest("label") ?? one).getBoundingClientRect();
    if (!one.matches(".rv-hidden") && (Math.round(height) < 24 || Math.round(width) < 14)) fault(`only ${Math.round(width)} x ${Math.round(height)}`, one);
  }
  for (const one of all("[data-do=like], [data-do=dislike], [data-do=space], [data-do=taste]")) {
    if (!["true", "false"].includes(one.getAttribute("aria-pressed"))) fault("not said whether it is pressed", one);
  }
  for (const one of all("[aria-haspopup], [role=combobox]")) {
    if (!["true", "false"].includes(one.getAttribute("aria-expanded"))) fault("not said whether it is open", one);
  }
  for (const one of all("[role=img], [role=group], [role=listbox], section, article, dialog")) {
    if (one.id !== "rv-skeleton" && !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby")) fault("a region without a name", one);
  }
  for (const attribute of ["aria-controls", "aria-describedby", "aria-labelledby", "aria-activedescendant", "for"]) {
    for (const one of all(`[${attribute}]`)) if (!document.getElementById(one.getAttribute(attribute))) fault(`${attribute} of nothing`, one);
  }
  const ids = [...document.querySelectorAll(".rv-app [id]")].map((one) => one.id);
  ids.filter((id, place) => ids.indexOf(id) !== place).forEach((id) => faults.push(`two of the id ${id}`));
  let level = dialog ? 1 : 0;
  for (const one of all("h1, h2, h3, h4")) {
    const next = Number(one.tagName[1]);
    if (next > level + 1) fault(`a heading of level ${next} after ${level}`, one);
    level = next;
  }
  for (const one of all("img:not([alt]), svg:not([aria-hidden=true], [aria-label])")) fault("a picture without words", one);
  if (!document.documentElement.lang) faults.push("the page names no language");
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) faults.push(`the page is ${page.scrollWidth} wide in ${page.clientWidth}`);
  return faults;
}
