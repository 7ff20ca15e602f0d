// The search box: an editable combobox with a list of suggestions, after the pattern of the ARIA Authoring Practices.
// Each message to Python carries the text and a number; each list of suggestions, the number of the text it is for.

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2);
  const [boxId, listId] = [`rv-box-${view}`, `rv-list-${view}`];
  const box = make("input", {
    id: boxId, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder: model.get("hint"),
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": listId,
  });
  const list = make("ul", { id: listId, role: "listbox", "aria-label": "Suggestions", hidden: "" });
  let number = 0; // of the last message
  let options = []; // the suggestions, as shown
  let active = -1; // place of the one that the arrow keys have reached

  function send(kind, more = {}) {
    number += 1;
    model.send({ view, number, kind, text: box.value, ...more });
  }

  function show(offered) {
    options = offered.map(({ place, title }, position) => {
      const option = make("li", { id: `${listId}-${position}`, role: "option", "aria-selected": "false" }, title);
      option.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
      option.addEventListener("click", () => choose({ place, title }));
      return { place, title, option };
    });
    list.replaceChildren(...options.map(({ option }) => option));
    list.hidden = options.length === 0;
    box.setAttribute("aria-expanded", String(!list.hidden));
    reach(-1);
  }

  function reach(position) {
    active = position;
    options.forEach(({ option }, other) => option.setAttribute("aria-selected", String(other === active)));
    if (active < 0) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", options[active].option.id);
    options[active].option.scrollIntoView({ block: "nearest" });
  }

  function ask(kind, more) { // whatever is asked closes the list, and suggestions that are still on their way are late
    show([]);
    send(kind, more);
  }

  function choose({ place, title }) {
    box.value = title;
    ask("film", { place });
  }

  function escape() {
    if (!list.hidden) return show([]);
    box.value = "";
    send("typed");
  }

  const keys = {
    ArrowDown: () => options.length && reach((active + 1) % options.length),
    ArrowUp: () => options.length && reach(active < 0 ? options.length - 1 : (active || options.length) - 1),
    Enter: () => (active < 0 ? ask("find") : choose(options[active])),
    Escape: escape,
  };
  box.addEventListener("keydown", (event) => {
    const elsewhere = event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
    if (elsewhere || !Object.hasOwn(keys, event.key)) return reach(-1);
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
  box.addEventListener("input", () => send("typed"));
  box.addEventListener("blur", () => show([]));

  function heard(message) {
    const mine = message.view === view && message.number === number;
    if (mine && document.activeElement === box) show(message.offered);
  }

  const buttons = [["find", model.get("label")], ["meaning", "Search in the texts"]].map(([kind, label]) => {
    const button = make("button", { type: "button", class: "jupyter-button" }, label);
    button.addEventListener("click", () => ask(kind));
    return button;
  });
  model.on("msg:custom", heard);
  el.classList.add("rv-find");
  el.append(make("label", { for: boxId }, "Find"), make("div", { class: "rv-combobox" }, box, list), ...buttons);
  return () => model.off("msg:custom", heard);
}

export default { render };
