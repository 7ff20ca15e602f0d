// The map: all films as dots on a canvas, the chosen and the recommended ones with as many labels as fit. Wheel, buttons and
// dragging zoom and move it. Placing labels takes the same time however many films there are: MOST_LABELS are tried.

const MOST_LABELS = 24;
const MARGIN = 24; // pixels around all the dots
const MARKED = 6.5; // radius of a dot that is marked
const REACH = 14; // pixels from a dot at which it counts as pointed at

function filmMap(model, tell, open) {
  const canvas = make("canvas", { role: "img", tabindex: "0", "aria-label": "Map" });
  const tip = make("div", { class: "rv-tip", hidden: "" });
  const corner = make("div", { class: "rv-zoom", role: "group", "aria-label": "Zoom" });
  const dots = new DataView(model.get("dots").buffer, model.get("dots").byteOffset, model.get("dots").byteLength);
  const count = dots.byteLength / 4;
  const names = new Map();
  let view = { x: 0, y: 0, zoom: 1 };
  let wanted = -1; // the dot that is pointed at, or reached by arrow keys
  let reached = false; // by arrow keys
  let drag = null;
  let due = false;

  const at = (place) => [dots.getUint16(4 * place, true) / 65535, dots.getUint16(4 * place + 2, true) / 65535];

  function onScreen([x, y], width, height) {
    return [
      MARGIN + (x - view.x) * view.zoom * (width - 2 * MARGIN), MARGIN + (y - view.y) * view.zoom * (height - 2 * MARGIN),
    ];
  }

  // As large as the space of a dot allows, which zooming widens.
  function dotSize(width, height) {
    return Math.min(Math.max(0.26 * Math.sqrt((width * height * view.zoom) / count), 1.5), 9);
  }

  function draw() {
    due = false;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width && canvas.isConnected) setTimeout(redraw, 250); // JupyterLab takes its page apart while its theme changes
    if (!width) return;
    canvas.style.touchAction = view.zoom > 1 ? "none" : ""; // a finger moves the page on, unless there is more of the map
    const scale = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const color = (name) => style.getPropertyValue(name).trim();
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const boxes = [[corner.offsetLeft - 4, 0, width, corner.offsetTop + corner.offsetHeight + 4]];
    const { chosen = [], found = [] } = model.get("marks");
    const marked = films(chosen, found).map((film) => ({ ...film, color: color(film.weight ? "--rv-warm" : "--rv-accent") }));
    for (const film of marked) {
      [film.x, film.y] = onScreen(at(film.place), width, height);
      boxes.push([film.x - MARKED, film.y - MARKED, film.x + MARKED, film.y + MARKED]);
    }
    const free = ([left, top, right, bottom]) =>
      left > 0 && top > 0 && right < width && bottom < height &&
      !boxes.some(([a, b, c, d]) => left < c && a < right && top < d && b < bottom);
    const labels = [];
    function label(text, x, y, font, fill) {
      pen.font = font;
      const wide = pen.measureText(text).width;
      for (const [dx, dy] of [[MARKED + 4, 4], [-MARKED - 4 - wide, 4], [-wide / 2, -MARKED - 5], [-wide / 2, MARKED + 14]]) {
        const box = [x + dx - 4, y + dy - 12, x + dx + wide + 4, y + dy + 4];
        if (!free(box)) continue;
        boxes.push(box);
        labels.push({ text, x: x + dx, y: y + dy, font, fill, box });
        return;
      }
    }
    const short = (text) => (text.length > 30 ? `${text.slice(0, 29).trimEnd()}…` : text);
    for (const film of marked.slice(0, MOST_LABELS)) label(short(film.title), film.x, film.y, `${film.weight}13px sans-serif`, film.color);
    for (const [name, x, y] of model.get("about").regions) {
      const [left, top] = onScreen([x, y], width, height);
      label(name, left, top, "italic 14px sans-serif", color("--rv-quiet"));
    }
    const size = dotSize(width, height);
    pen.fillStyle = color("--rv-dot");
    pen.beginPath();
    for (let place = 0; place < count; place += 1) {
      const [x, y] = onScreen(at(place), width, height);
      const seen = x > 0 && x < width && y > 0 && y < height;
      const under = ({ box: [left, top, right, bottom] }) => x > left && x < right && y > top && y < bottom;
      if (seen && !labels.some(under)) pen.roundRect(x - size / 2, y - size / 2, size, size, size > 3 ? size / 2 : 0); // whole, or not at all
    }
    pen.fill();
    for (const film of [...marked].reverse()) { // the first on top
      pen.fillStyle = film.color;
      pen.beginPath();
      pen.arc(film.x, film.y, MARKED, 0, 7);
      pen.fill();
      if (!reached || film.place !== wanted) continue;
      pen.lineWidth = 3;
      pen.strokeStyle = color("--rv-text");
      pen.beginPath();
      pen.arc(film.x, film.y, MARKED + 4, 0, 7);
      pen.stroke();
    }
    for (const { text, x, y, font, fill } of labels) {
      [pen.font, pen.fillStyle] = [font, fill];
      pen.fillText(text, x, y);
    }
    canvas.setAttribute("aria-label", `Map of all: ${chosen.length} chosen and ${found.length} recommended are marked. Arrow keys go from one to the next, Enter opens it, + and − zoom.`);
  }

  function films(chosen, found) { // those that are marked
    const some = [...chosen.map((film) => ({ ...film, weight: "600 " })), ...found.map((film) => ({ ...film, weight: "" }))];
    return some.filter(({ place }) => place < count);
  }

  function redraw() {
    if (!due) requestAnimationFrame(draw);
    due = true;
  }

  function zoom(factor, px = canvas.clientWidth / 2, py = canvas.clientHeight / 2) {
    const next = Math.min(Math.max(view.zoom * factor, 1), 30);
    const fx = (px - MARGIN) / (canvas.clientWidth - 2 * MARGIN) / view.zoom;
    const fy = (py - MARGIN) / (canvas.clientHeight - 2 * MARGIN) / view.zoom;
    view = keep({ x: view.x + fx - (fx * view.zoom) / next, y: view.y + fy - (fy * view.zoom) / next, zoom: next });
    redraw();
  }

  function approach(factor) { // zoom towards the first film that is marked, if it is in sight
    const { clientWidth: width, clientHeight: height } = canvas;
    const { chosen = [], found = [] } = model.get("marks");
    const seen = films(chosen, found).slice(0, 1).map(({ place }) => onScreen(at(place), width, height));
    const [middle] = seen.filter(([x, y]) => x > 0 && x < width && y > 0 && y < height);
    zoom(factor, ...(middle ?? []));
  }

  function keep({ x, y, zoom: factor }) {
    const most = 1 - 1 / factor;
    return { x: Math.min(Math.max(x, 0), most), y: Math.min(Math.max(y, 0), most), zoom: factor };
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let best = [REACH ** 2, -1, 0, 0];
    for (let place = 0; place < count; place += 1) {
      const [x, y] = onScreen(at(place), box.width, box.height);
      const distance = (x - px) ** 2 + (y - py) ** 2;
      if (distance < best[0]) best = [distance, place, x, y];
    }
    return best.slice(1);
  }

  function point(event) {
    if (drag) {
      const { clientWidth: width, clientHeight: height } = canvas;
      const moved = { x: drag.x - (event.clientX - drag.left) / width / view.zoom, y: drag.y - (event.clientY - drag.top) / height / view.zoom };
      drag.far ||= Math.hypot(event.clientX - drag.left, event.clientY - drag.top) > 4;
      view = keep({ ...moved, zoom: view.zoom });
      return redraw();
    }
    const [place, x, y] = nearest(event);
    canvas.style.cursor = place < 0 ? "grab" : "pointer";
    reached = false;
    name(place, x, y);
    redraw();
  }

  function name(place, x, y) {
    wanted = place;
    tip.hidden = place < 0;
    if (place < 0) return;
    tip.style.left = `${Math.min(x, canvas.clientWidth - 160)}px`;
    tip.style.top = `${y > canvas.clientHeight - 44 ? y - 40 : y + 12}px`;
    tip.textContent = names.get(place) ?? "…";
    if (!names.has(place)) tell("name", { film: place });
  }

  // From the film that is reached to the nearest one in a direction, which is moved into sight.
  function go(right, down) {
    const { chosen = [], found = [] } = model.get("marks");
    const spots = films(chosen, found).map(({ place }) => [place, ...at(place)]);
    const here = spots.find(([place]) => place === wanted);
    const away = ([, x, y]) => Math.abs(x - here[1]) + Math.abs(y - here[2]);
    const ahead = here ? spots.filter(([, x, y]) => (x - here[1]) * right + (y - here[2]) * down > 0) : spots;
    if (!ahead.length) return;
    const [place, x, y] = here ? ahead.reduce((best, one) => (away(one) < away(best) ? one : best)) : ahead[0];
    if (view.zoom > 1) view = keep({ ...view, x: x - 0.5 / view.zoom, y: y - 0.5 / view.zoom });
    reached = true;
    name(place, ...onScreen([x, y], canvas.clientWidth, canvas.clientHeight));
  }

  canvas.addEventListener("pointermove", point);
  for (const left of ["pointerleave", "blur"]) canvas.addEventListener(left, () => { tip.hidden = true; reached = false; redraw(); });
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drag = { ...view, left: event.clientX, top: event.clientY, far: false };
  });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("pointerup", (event) => {
    const far = drag?.far;
    drag = null;
    const [place] = nearest(event);
    if (!far && place >= 0) open(place);
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return; // a page that is scrolled goes on scrolling
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "+" || event.key === "-") approach(event.key === "+" ? 1.5 : 1 / 1.5);
    else if (event.key === "Enter" && wanted >= 0) open(wanted);
    else if (moves[event.key]) go(...moves[event.key]);
    else return;
    event.preventDefault();
    redraw();
  });

  const buttons = [["+", "Zoom in", 1.5], ["−", "Zoom out", 1 / 1.5], ["⤢", "Show all of the map", 0]].map(([sign, name, factor]) => {
    const button = make("button", { type: "button", "aria-label": name }, sign);
    button.addEventListener("click", () => approach(factor || 1 / 100));
    return button;
  });
  corner.append(...buttons);
  const watcher = new ResizeObserver(redraw);
  watcher.observe(canvas);
  const theme = new MutationObserver(redraw); // of the page, or of JupyterLab
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  const element = make("div", { class: "rv-map" }, canvas, tip, corner);

  function hear({ part, film, name }) {
    if (part !== "name") return;
    names.set(film, name);
    if (film === wanted) tip.textContent = name;
  }

  return { element, redraw, hear, leave: () => [watcher, theme].forEach((one) => one.disconnect()) };
}
