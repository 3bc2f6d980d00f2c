// The keyboard: everything that the mouse can do.

const TOOLS = ["click", "box", "scribble", "lasso", "move"];
const VIEWS = { a: "axial", c: "coronal", s: "sagittal", m: "multi", r: "render" };
// Along the planes' own directions: right, anterior and superior are up or right.
const ARROWS = {
  ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, 1, 0], ArrowDown: [0, -1, 0],
  PageUp: [0, 0, 1], PageDown: [0, 0, -1],
};

export function listenToKeys(element, canvas, acts) {
  addEventListener("keydown", (event) => {
    if (event.target.matches?.("input, select, textarea") || document.querySelector("dialog[open]")) {
      return;
    }
    if (command(event, acts) || letter(event, acts) || onImage(event, element, canvas, acts)) {
      event.preventDefault();
    }
  });
}

function command(event, acts) {
  if (!event.ctrlKey && !event.metaKey) return false;
  const key = event.key.toLowerCase();
  if (key === "y" || (key === "z" && event.shiftKey)) acts.redo();
  else if (key === "z") acts.undo();
  else return false;
  return true;
}

function letter(event, acts) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const key = event.key.toLowerCase();
  const plain = {
    x: acts.turnSign, n: acts.newObject, h: acts.hide, w: acts.suggest, f: acts.fit, "?": acts.help,
    delete: acts.dropLast, backspace: acts.dropLast,
  };
  if (VIEWS[key]) acts.view(VIEWS[key]);
  else if (TOOLS[Number(key) - 1]) acts.tool(TOOLS[Number(key) - 1]);
  else if (plain[key]) plain[key]();
  else return false;
  return true;
}

function onImage(event, element, canvas, acts) {
  if (document.activeElement !== element || !canvas.space) return false;
  const move = ARROWS[event.key];
  if (move) canvas.nudge(move, event.shiftKey ? 5 : 1);
  else if (event.key === "Enter") {
    const mm = canvas.space.toMm(canvas.crosshair());
    acts.click(mm, event.shiftKey);
  } else return false;
  acts.looked();
  return true;
}
