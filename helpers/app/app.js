// The app's page: shows the parts that Python fills, and tells Python what somebody does. Python escapes what comes from data.

const PARTS = { under: ".rv-under", head: ".rv-head", cards: ".rv-cards", taste: ".rv-taste", scores: ".rv-scores" };

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2);
  const about = model.get("about");
  const root = make("div", { class: "rv-app" });
  const $ = (selector) => root.querySelector(selector);
  const served = document.body.dataset.voila === "voila"; // else a notebook
  const local = /^(localhost|127\.|\[::1\])/.test(location.hostname); // an address that others can't open
  const kept = `recommend-with-vectors/${about.name}`;
  let number = 0; // of the last message
  let answered = "{}"; // the question of the list
  let last = ""; // deed
  const kernel = model.widget_manager?.kernel ?? null;
  root.innerHTML = model.get("shell");
  if (served) {
    document.title = about.name;
    addEventListener("popstate", (event) => goBack(event));
  }

  function tell(kind, more = {}) {
    number += 1;
    if (kind !== "name" && kind !== "typed") say(model.get("note")); // what was said about an older deed goes
    model.send({ view, number, kind, ...more });
    if (served && kernel) ask();
    return number;
  }

  const search = searchBox(model, tell, about);
  const map = filmMap(model, tell, (film) => open(film));
  $(".rv-find").append(search.element);
  $(".rv-canvas").append(map.element);

  // ---- what Python fills ----

  function fill(name) {
    const part = $(PARTS[name]);
    const focused = part.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const scrolled = part.querySelector(".rv-chosen")?.scrollLeft;
    const chooses = part.querySelector(".rv-menu")?.hidden === false;
    part.innerHTML = model.get(name);
    if (scrolled) part.querySelector(".rv-chosen").scrollLeft = scrolled;
    if (focused) (part.querySelector(`[data-key="${focused}"]`) ?? part.querySelector("button"))?.focus({ preventScroll: true });
    mark();
    if (chooses) menu(true);
  }

  function mark() {
    const shown = model.get("shown");
    for (const [kind, films] of [["like", shown.likes], ["dislike", shown.dislikes]]) {
      for (const button of root.querySelectorAll(`[data-do="${kind}"]`)) {
        button.setAttribute("aria-pressed", String(films.includes(+button.dataset.film)));
      }
    }
    for (const button of root.querySelectorAll(".rv-spaces button")) {
      button.setAttribute("aria-pressed", String(button.dataset.value === shown.space));
      button.hidden = !shown.compares;
    }
    const [badge, form] = [$(".rv-badge"), $(".rv-filters form")];
    root.querySelectorAll('[data-do="link"]').forEach((button) => {
      button.hidden = !served; // the address of a notebook opens no state
      button.textContent = local ? "Copy a link for this computer only" : "Copy a link to this page as it is";
    });
    if (badge) badge.hidden = !shown.simulated;
    if (form.contains(document.activeElement)) return;
    const { genres, hide_popular, ...plain } = shown.steering;
    for (const [name, value] of Object.entries(plain)) if (form.elements[name]) form.elements[name].value = value ?? "";
    for (const box of form.querySelectorAll("[name=genres]")) box.checked = genres.includes(box.value);
    if (form.elements.hide_popular) form.elements.hide_popular.checked = hide_popular;
  }

  const say = (text) => { $(".rv-note").textContent = text; };
  const changes = {
    ...Object.fromEntries(Object.keys(PARTS).map((name) => [name, () => fill(name)])),
    note: () => say(model.get("note")), shown: mark, marks: map.redraw, saved: keep,
  };

  function keep() {
    try { for (const store of stores()) store.setItem(kept, model.get("saved")); } catch { /* there is no room */ }
    const question = asked();
    if (question !== answered && document.activeElement !== search.box) showWords(JSON.parse(question));
    answered = question;
    if (served && !closing) step();
  }

  let closing = false; // the step that the view of a film was is being taken back
  function step() { // each question is a step of the browser's history
    const question = asked();
    if (!history.state) history.replaceState({ question }, "");
    else if (history.state.question !== question) history.pushState({ question }, "");
  }

  function stores() { // what this tab keeps, for when it is loaded again, and what a new one begins with
    try { return [sessionStorage, localStorage]; } catch { return []; } // a browser that keeps nothing
  }

  const asked = () => JSON.stringify(JSON.parse(model.get("saved") || "{}").question ?? {});
  function showWords(question) { // those of the list
    search.box.value = [question.typed, question.text, question.people?.join?.(" and ")].find(Boolean) ?? "";
  }

  function restore(text, from = "browser") {
    try { showWords(JSON.parse(text).question ?? {}); } catch { /* Python says what is wrong */ }
    tell("restore", { text, from });
  }

  function taken() { // what is given away: not what was done before
    const { before, done, ...state } = JSON.parse(model.get("saved") || "{}");
    return JSON.stringify(state, null, 1);
  }

  function goBack({ state }) {
    if (closing) { closing = false; return step(); }
    if (dialog.open) return dialog.close();
    if (!state?.question || state.question === asked()) return;
    restore(JSON.stringify({ ...JSON.parse(model.get("saved")), question: JSON.parse(state.question) }), "history");
  }

  const dialog = $(".rv-detail");
  function open(film, why = false) {
    dialog.film = film;
    tell("detail", { film, why });
  }

  function hear(message) {
    if (message.view && message.view !== view) return;
    search.hear(message);
    map.hear(message);
    if (message.part === "detail" && message.film === dialog.film) {
      dialog.innerHTML = message.html;
      mark();
      if (!dialog.open) {
        dialog.showModal();
        if (served) history.pushState({ ...history.state, dialog: true }, "");
      }
      dialog.scrollTop = 0;
    }
    const reason = dialog.querySelector(".rv-reason");
    if (message.part === "reason" && message.film === dialog.film && reason) reason.innerHTML = message.html;
    if (message.part === "file") save(message.name, message.type, message.text);
  }

  // ---- what somebody does ----

  function save(name, type, text) {
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  function load() {
    const input = make("input", { type: "file", accept: ".json,application/json" });
    input.addEventListener("change", async () => {
      const [file] = input.files;
      if (file.size > about.most_bytes) {
        return say(`Not loaded: ${file.name} has ${file.size.toLocaleString("en")} bytes; a taste has at most ${about.most_bytes.toLocaleString("en")}.`);
      }
      const text = await file.text();
      if (!text.includes("recommend-with-vectors/taste")) {
        return say(`Not loaded: ${file.name} is not a saved taste. Choose a file that was saved here.`);
      }
      return tell("restore", { text, from: "file" });
    });
    input.click();
  }

  async function link() {
    const coded = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(JSON.parse(taken())))));
    const address = `${location.origin}${location.pathname}#${coded.replaceAll("+", "-").replaceAll("/", "_")}`;
    try {
      await navigator.clipboard.writeText(address);
      say(`Copied. ${local ? "The link works on this computer only. To somebody else, send “This list as a web page”." : "The link opens this page as it is."}`);
    } catch {
      say(`The link: ${address}`);
    }
  }

  function steer() {
    const form = $(".rv-filters form");
    const whole = (name) => (form.elements[name]?.value ? Math.round(+form.elements[name].value) : null);
    return {
      k: whole("k"), diversity: +form.elements.diversity.value, first_year: whole("first_year"), last_year: whole("last_year"),
      genres: [...form.querySelectorAll("[name=genres]:checked")].map((box) => box.value),
      hide_popular: Boolean(form.elements.hide_popular?.checked),
    };
  }

  function drop({ field, value }) {
    const inputs = [...$(".rv-filters form").elements]; // what is shown may be older than what was pressed
    const input = inputs.find((one) => one.name === field && (field !== "genres" || one.value === value));
    if (input.type === "checkbox") input.checked = false;
    else input.value = field === "diversity" ? 0 : "";
    tell("steer", { steering: steer() });
  }

  function menu(open) {
    const [button, list] = [$('[data-do="menu"]'), $(".rv-menu")];
    list.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) list.querySelector("button:not([hidden])").focus();
    else if (list.contains(document.activeElement)) button.focus();
  }

  function judge(button, kind) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on)); // at once; Python's word follows
    tell(kind, { film: +button.dataset.film, on });
  }

  const deeds = {
    like: (button) => judge(button, "like"), dislike: (button) => judge(button, "dislike"),
    detail: ({ dataset }) => open(+dataset.film), why: ({ dataset }) => open(+dataset.film, true),
    film: ({ dataset }) => { dialog.close(); search.box.value = ""; tell("film", { film: +dataset.film }); top(); },
    read: ({ dataset }) => { dialog.close(); search.say(dataset.text, dataset.kind); top(); },
    reading: ({ dataset }) => tell("read", { text: dataset.text, place: +dataset.place }),
    space: ({ dataset }) => tell("space", { value: dataset.value }),
    home: () => deeds.taste(), taste: () => { search.box.value = ""; tell("taste"); top(); },
    forget: ({ dataset }) => tell("forget", { film: +dataset.film }),
    undo: () => tell("undo"), clear: () => tell("clear"), drop: ({ dataset }) => drop(dataset),
    menu: (button) => menu(button.getAttribute("aria-expanded") !== "true"),
    link, load, keep: () => save("taste.json", "application/json", taken()),
    export: ({ dataset }) => tell("export", { value: dataset.value }),
    say: ({ dataset }) => say(dataset.text), again: () => again(), done: () => { filters.open = false; filters.firstElementChild.focus(); mark(); },
  };
  dialog.addEventListener("close", () => { if (served && history.state?.dialog) { closing = true; history.back(); } });
  const filters = $(".rv-filters");
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (!filters.contains(event.target)) filters.open = false;
    if (!event.target.closest(".rv-keep") || button?.closest(".rv-menu")) if (!$(".rv-menu")?.hidden) menu(false);
    if (event.target === dialog) dialog.close(); // beside it
    const next = button?.dataset.do;
    if (button && (event.detail < 2 || (next === "undo" && last === "undo"))) deeds[next](button); // a double click is one
    last = next;
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !$(".rv-menu").hidden) menu(false);
    if (event.key === "Escape" && filters.contains(event.target)) deeds.done();
    if (event.target.closest("input, textarea, select, canvas, button, summary")) event.stopPropagation(); // no shortcut of a notebook
  });
  filters.addEventListener("toggle", () => { // its button to close it is in sight, too
    const form = $(".rv-filters form");
    const room = () => $(".rv-bar").getBoundingClientRect().bottom - form.getBoundingClientRect().top; // to the end of the window, or of JupyterLab's part of it
    if (room() < 260) filters.scrollIntoView({ block: "start" });
    form.style.maxHeight = `${Math.max(room() - 10, 200)}px`;
  });
  $(".rv-filters form").addEventListener("change", () => tell("steer", { steering: steer() }));
  for (const onward of ["wheel", "touchmove"]) root.addEventListener(onward, () => say(""), { passive: true });
  $(".rv-note").addEventListener("click", () => say("")); // it may lie over a button
  $(".rv-filters form").addEventListener("submit", (event) => { event.preventDefault(); deeds.done(); });
  const top = () => { if (root.getBoundingClientRect().top < 0) root.scrollIntoView({ block: "start" }); };

  // ---- the connection ----

  const lost = $(".rv-lost");
  function warn(text, button = "") {
    lost.hidden = !text;
    lost.replaceChildren(text, ...(button ? [make("button", { type: "button", "data-do": "again" }, button)] : []));
    if (text) mark(); // what was pressed since is not done
  }

  function gone() {
    lost.gone = true;
    say(""); // such as that it is connected again
    const safe = stores().some((store) => store.getItem(kept) === model.get("saved")) ? "What you chose is kept. " : "";
    warn(`The program behind this page has stopped. ${served ? safe : "Run the cell again."}`, served ? "Start again" : "");
  }

  const away = () => warn("The server does not answer. Start it again (python3 -m helpers demo), and then press the button. ", "Start again");

  const leaving = new AbortController(); // a page that is left ends its program, and asks no more
  addEventListener("beforeunload", () => leaving.abort());
  async function ask() { // a program that is ended by its server, or with it, does not say so
    const answer = await fetch(`${location.origin}/api/kernels/${kernel.id}`, { signal: leaving.signal }).catch(() => null);
    if (leaving.signal.aborted || lost.gone) return;
    if (answer === null) away();
    else if (answer.status === 404 || kernel.connectionStatus === "disconnected") gone();
    else if (kernel.connectionStatus === "connected") warn("");
  }

  function connection() {
    if (lost.gone) return;
    const ended = ["dead", "terminating", "restarting", "autorestarting"].includes(kernel.status);
    if (ended || (!served && kernel.connectionStatus === "disconnected")) return gone();
    if (kernel.connectionStatus === "connected") {
      if (lost.was) say("Connected again.");
      warn("");
    } else if (!lost.was) {
      warn("The connection is lost; trying to get it back …");
    }
    lost.was = kernel.connectionStatus !== "connected";
    if (lost.was && served) ask();
  }

  async function again() {
    try {
      await fetch(`${location.origin}/voila/static/`, { cache: "no-store" }); // any answer says that the server is there
      location.reload();
    } catch {
      away();
    }
  }

  // ---- begin ----

  function begin() {
    if (model.get("saved")) return; // shown before, in another view
    let text = null;
    try {
      if (served && location.hash.length > 1) {
        const coded = location.hash.slice(1).replaceAll("-", "+").replaceAll("_", "/");
        text = new TextDecoder().decode(Uint8Array.from(atob(coded), (sign) => sign.charCodeAt(0)));
        history.replaceState(null, "", location.pathname + location.search);
      } else {
        [text] = stores().map((store) => store.getItem(kept)).filter(Boolean);
      }
    } catch { /* a link that is none, or a browser that keeps nothing */ }
    if (text) restore(text);
    else if (served) history.replaceState({ question: asked() }, "");
  }

  el.append(root);
  for (const name of Object.keys(PARTS)) fill(name);
  say(model.get("note"));
  for (const [name, react] of Object.entries(changes)) model.on(`change:${name}`, react);
  model.on("msg:custom", hear);
  kernel?.statusChanged?.connect(connection);
  kernel?.connectionStatusChanged?.connect(connection);
  const pulse = served && kernel ? setInterval(ask, 20_000) : null;
  begin();
  return () => {
    for (const [name, react] of Object.entries(changes)) model.off(`change:${name}`, react);
    model.off("msg:custom", hear);
    kernel?.statusChanged?.disconnect(connection);
    kernel?.connectionStatusChanged?.disconnect(connection);
    map.leave();
    clearInterval(pulse);
  };
}

export default { render };
