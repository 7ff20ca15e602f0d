// The search box: an editable combobox with grouped readings of what is typed, after the pattern of the ARIA Authoring
// Practices. The first reading is highlighted, and Enter takes what is highlighted. Each message to Python carries the text
// and a number; each list of readings, the number of the text it is for.

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const GROUPS = { Titles: "Titles", People: "People", Genres: "Genres and years", Stories: "By what happens in it" };

function searchBox(model, tell, { noun, asks }) {
  const id = Math.random().toString(36).slice(2);
  const [boxId, listId, helpId] = [`rv-box-${id}`, `rv-list-${id}`, `rv-help-${id}`];
  const box = make("input", {
    id: boxId, type: "text", dir: "auto", role: "combobox", autocomplete: "off", spellcheck: "false", enterkeyhint: "search",
    placeholder: asks, "aria-autocomplete": "list", "aria-expanded": "false",
    "aria-controls": listId, "aria-describedby": helpId, maxlength: "500",
  });
  const list = make("div", { id: listId, role: "listbox", "aria-label": "Readings", hidden: "" });
  const help = make("span", { id: helpId, class: "rv-hidden" }, `Enter takes the first; arrow keys choose another.`);
  const button = make("button", { type: "button", class: "rv-go" }, "Find");
  let options = []; // the readings, as shown
  let active = -1; // place of the one that is highlighted
  let last = -1; // number of the last message

  function show(offered) {
    list.replaceChildren();
    options = offered.map(({ group, label, detail }, place) => {
      const text = group === "Stories" ? `Stories about “${label}”` : label;
      const parts = [text, ...(detail ? [make("small", {}, detail)] : []), make("kbd", { "aria-hidden": "true" }, "Enter ↵")];
      const option = make("div", { id: `${listId}-${place}`, role: "option", "aria-selected": "false" }, ...parts);
      option.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
      option.addEventListener("click", () => choose(place));
      if (place === 0 || offered[place - 1].group !== group) {
        list.append(make("div", { role: "group", "aria-label": GROUPS[group] }, make("b", { "aria-hidden": "true" }, GROUPS[group])));
      }
      list.lastChild.append(option);
      return { group, label, option };
    });
    list.hidden = options.length === 0;
    box.setAttribute("aria-expanded", String(!list.hidden));
    reach(options.length ? 0 : -1);
  }

  function reach(place) {
    active = place;
    options.forEach(({ option }, other) => option.setAttribute("aria-selected", String(other === active)));
    if (active < 0) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", options[active].option.id);
    options[active].option.scrollIntoView({ block: "nearest" });
  }

  function choose(place) { // whatever is asked closes the list, and readings that are still on their way are late
    const chosen = options[place];
    const text = box.value;
    if (chosen && chosen.group !== "Stories") box.value = chosen.label;
    show([]);
    last = tell("read", chosen ? { text, place } : { text });
  }

  function escape() {
    last = -1; // readings that are still on their way are late
    if (!list.hidden) return show([]);
    box.value = "";
    last = tell("typed", { text: "" });
  }

  const keys = {
    ArrowDown: () => options.length && reach((active + 1) % options.length),
    ArrowUp: () => options.length && reach((active < 1 ? options.length : active) - 1),
    Enter: () => choose(active),
    Escape: escape,
  };
  box.addEventListener("keydown", (event) => {
    const elsewhere = event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
    if (elsewhere || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
  box.addEventListener("input", () => {
    options = []; // they are for an older text: Enter takes the first reading of this one
    active = -1;
    last = tell("typed", { text: box.value });
  });
  box.addEventListener("blur", () => show([]));
  button.addEventListener("click", () => choose(active));

  function hear(message) {
    if (message.offered && message.number === last && document.activeElement === box) show(message.offered);
  }

  function say(text, kind_of) { // as if somebody had typed it and pressed Enter
    box.value = text;
    show([]);
    last = tell("read", kind_of ? { text, kind_of } : { text });
  }

  const label = make("label", { for: boxId, class: "rv-hidden" }, `Find a ${noun}`);
  const element = make("div", { class: "rv-search" }, label, make("div", { class: "rv-combobox" }, box, list), button, help);
  return { element, hear, say, box };
}
