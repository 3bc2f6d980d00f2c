// Files that are dropped anywhere on the page.

// veil: shown while something is held over the page; taken: what becomes of what is dropped.
export function listenToDrops(veil, taken) {
  let depth = 0;
  const shown = (change) => {
    depth = Math.max(depth + change, 0);
    veil.hidden = depth === 0;
  };
  addEventListener("dragenter", (event) => { event.preventDefault(); shown(1); });
  addEventListener("dragleave", () => shown(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    shown(-depth);
    taken(event.dataTransfer);
  });
}
