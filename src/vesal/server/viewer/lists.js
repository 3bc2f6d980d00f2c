// The list of objects, and of what was said of the current one.

const KINDS = { point: "Click", box: "Box", scribble: "Scribble", lasso: "Lasso", mask: "Mask" };

export function button(text, title, act, pressed) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.title = title;
  element.setAttribute("aria-label", title);
  if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
  element.addEventListener("click", act);
  return element;
}

// acts: change(number, change), remove(number), select(number), hide(number).
export function objectList(list, state, hidden, acts) {
  const held = document.activeElement?.dataset?.focus;
  list.replaceChildren(...state.objects.map((one) => objectRow(one, state, hidden, acts)));
  if (held) list.querySelector(`[data-focus="${held}"]`)?.focus();
}

function objectRow(one, state, hidden, acts) {
  const row = document.createElement("li");
  const current = one.number === state.current;
  row.className = current ? "object current" : "object";
  if (current) row.setAttribute("aria-current", "true");

  const colour = document.createElement("input");
  colour.type = "color";
  colour.value = hex(one.colour);
  colour.title = colour.ariaLabel = `Colour of ${one.name}`;
  colour.addEventListener("change", () => acts.change(one.number, { colour: bytes(colour.value) }));

  const name = document.createElement("input");
  name.type = "text";
  name.className = "name";
  name.maxLength = 64;
  name.value = one.name;
  name.dataset.focus = `name-${one.number}`;
  name.title = name.ariaLabel = `Name of object ${one.number}`;
  name.addEventListener("focus", () => { if (!current) acts.select(one.number); });
  name.addEventListener("change", () => acts.change(one.number, { name: name.value }));
  name.addEventListener("keydown", (event) => {
    if (event.key === "Enter") name.blur();
    if (event.key === "Escape") { name.value = one.name; name.blur(); }
  });

  const size = document.createElement("span");
  size.className = "size";
  size.textContent = sizeOf(one);

  const out = hidden.has(one.number);
  const marks = document.createElement("span");
  marks.className = "marks";
  marks.append(
    button(out ? "Show" : "Hide", out ? `Show ${one.name}` : `Hide ${one.name}`, () => acts.hide(one.number), out),
    button(one.locked ? "Unlock" : "Lock", one.locked ? `Unlock ${one.name}` : `Lock ${one.name}`,
      () => acts.change(one.number, { locked: !one.locked }), one.locked),
    button(one.accepted ? "Reopen" : "Accept", one.accepted ? `Open ${one.name} again` : `Accept ${one.name} as finished`,
      () => acts.change(one.number, { accepted: !one.accepted }), one.accepted),
    button("Delete", `Delete ${one.name}`, () => acts.remove(one.number)),
  );
  const choose = button("", `Work on ${one.name}`, () => acts.select(one.number), current);
  choose.className = "choose";
  row.append(choose, colour, name, size, marks);
  return row;
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
