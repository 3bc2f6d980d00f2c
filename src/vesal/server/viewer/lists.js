// The list of objects, and of what was said of the current one.

const KINDS = { point: "Click", box: "Box", scribble: "Scribble", lasso: "Lasso", mask: "Mask" };

export function button(text, title, act) {
  const element = document.createElement("button");
  element.type = "button";
  label(element, text, title);
  element.addEventListener("click", act);
  return element;
}

function label(element, text, title, pressed) {
  element.textContent = text;
  element.title = element.ariaLabel = title;
  if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
}

const rows = new WeakMap(); // of an element of the list: what fills it

// acts: change(number, change), remove(number), select(number), hide(number).
export function objectList(list, state, hidden, acts) {
  const known = new Map([...list.children].map((row) => [Number(row.dataset.number), row]));
  state.objects.forEach((one, index) => { // a row stays: somebody may be typing in it
    const row = known.get(one.number) || objectRow(one.number, acts);
    known.delete(one.number);
    rows.get(row)(one, one.number === state.current, hidden.has(one.number));
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] || null);
  });
  for (const row of known.values()) row.remove();
}

function objectRow(number, acts) {
  let now; // the object as it was last told
  const row = document.createElement("li");
  row.dataset.number = number;

  const colour = document.createElement("input");
  colour.type = "color";
  colour.addEventListener("change", () => acts.change(number, { colour: bytes(colour.value) }));

  const name = document.createElement("input");
  name.type = "text";
  name.className = "name";
  name.maxLength = 64;
  name.title = name.ariaLabel = `Name of object ${number}`;
  name.addEventListener("focus", () => acts.select(number));
  name.addEventListener("change", () => acts.change(number, { name: name.value }));
  name.addEventListener("keydown", (event) => {
    if (event.key === "Enter") name.blur();
    if (event.key === "Escape") { name.value = now.name; name.blur(); }
  });

  const size = document.createElement("span");
  size.className = "size";
  const hide = button("", "", () => acts.hide(number));
  const lock = button("", "", () => acts.change(number, { locked: !now.locked }));
  const accept = button("", "", () => acts.change(number, { accepted: !now.accepted }));
  const remove = button("Delete", "", () => acts.remove(number));
  const marks = document.createElement("span");
  marks.className = "marks";
  marks.append(hide, lock, accept, remove);
  const choose = button("", "", () => acts.select(number));
  choose.className = "choose";
  row.append(choose, colour, name, size, marks);

  rows.set(row, (one, current, out) => {
    now = one;
    row.className = current ? "object current" : "object";
    if (current) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    fill(colour, hex(one.colour));
    colour.title = colour.ariaLabel = `Colour of ${one.name}`;
    fill(name, one.name);
    size.textContent = sizeOf(one);
    label(hide, out ? "Show" : "Hide", `${out ? "Show" : "Hide"} ${one.name}`, out);
    label(lock, one.locked ? "Unlock" : "Lock", `${one.locked ? "Unlock" : "Lock"} ${one.name}`, one.locked);
    label(accept, one.accepted ? "Reopen" : "Accept",
      one.accepted ? `Open ${one.name} again` : `Accept ${one.name} as finished`, one.accepted);
    label(remove, "Delete", `Delete ${one.name}`);
    label(choose, "", `Work on ${one.name}`, current);
  });
  return row;
}

// What is being written in stays as it is.
function fill(input, value) {
  if (input !== document.activeElement && input.value !== value) input.value = value;
}

// acts: go(prompt), remove(index).
export function promptList(list, one, acts) {
  const rows = (one ? one.prompts : []).map((prompt, index) => {
    const kind = Object.keys(KINDS).find((key) => prompt[key]);
    const row = document.createElement("li");
    row.className = prompt.positive ? "prompt include" : "prompt exclude";
    const sign = prompt.positive ? "+" : "−";
    const words = `${KINDS[kind]} ${prompt.positive ? "include" : "exclude"}`;
    const go = button(`${sign} ${KINDS[kind]}`, `Go to ${index + 1}: ${words}`, () => acts.go(prompt));
    go.className = "go";
    row.append(go, button("✕", `Delete ${index + 1}: ${words}`, () => acts.remove(prompt)));
    return row;
  });
  list.replaceChildren(...rows);
}

// The middle of a prompt in world mm.
export function middle(prompt) {
  if (prompt.point) return prompt.point;
  const points = prompt.scribble || prompt.lasso;
  if (points) return points[Math.floor(points.length / 2)];
  if (!prompt.box) return null;
  const [low, high] = prompt.box;
  const centre = low.map((a, i) => (a + high[i]) / 2);
  if (!prompt.axes) return centre;
  return centre.map((_, w) => prompt.axes.reduce((sum, axis, i) => sum + axis[w] * centre[i], 0));
}

function sizeOf(one) {
  if (!one.voxels) return "empty";
  if (one.volume_ml === null) return `${one.voxels.toLocaleString("en")} px`;
  return `${one.volume_ml < 10 ? one.volume_ml.toFixed(2) : one.volume_ml.toFixed(0)} ml`;
}

function hex(colour) {
  return `#${colour.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
}

function bytes(text) {
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}
