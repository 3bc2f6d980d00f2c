// Mouse, pen and fingers on the planes: what they draw becomes prompts in world mm.

const STILL = 5; // CSS pixels: a shorter drag is a click
const LONG = 550; // ms: a long touch is a click the other way
const STEP = 3; // CSS pixels between points of a stroke

export class Tools {
  // said: called with a list of prompts. looked: after the crosshair or the view moved.
  constructor(overlay, canvas, { said, looked }) {
    this.overlay = overlay;
    this.canvas = canvas;
    this.said = said;
    this.looked = looked;
    this.tool = "click";
    this.positive = true;
    this.enabled = false;
    this.held = null; // the drag in hand
    this.pointers = new Map();
    const { element } = overlay;
    element.addEventListener("pointerdown", (event) => this.down(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", (event) => this.up(event));
    element.addEventListener("pointercancel", () => this.drop());
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  down(event) {
    if (!this.canvas.space) return;
    const place = this.place(event);
    this.pointers.set(event.pointerId, place);
    if (this.pointers.size > 1) {
      this.drop(); // two fingers scroll
      return;
    }
    const under = this.canvas.under(place.x, place.y);
    if (!under) return;
    this.overlay.element.setPointerCapture(event.pointerId);
    this.held = {
      under,
      points: [place],
      way: this.way(event, under),
      positive: this.signOf(event),
      since: event.timeStamp,
      touch: event.pointerType === "touch",
    };
    if (this.held.way === "move" && under.voxel) this.look(under.voxel);
  }

  move(event) {
    const place = this.place(event);
    const last = this.pointers.get(event.pointerId);
    if (last) this.pointers.set(event.pointerId, place);
    if (this.pointers.size === 2 && last) {
      this.pinch(last, place, event.pointerId);
      return;
    }
    const { held } = this;
    if (!held) return;
    const before = held.points[held.points.length - 1];
    if (Math.hypot(place.x - before.x, place.y - before.y) < STEP) return;
    held.points.push(place);
    if (held.way === "turn") this.canvas.turn(place.x - before.x, place.y - before.y);
    else if (held.way === "pan") this.canvas.pan(held.under.plane, place.x - before.x, place.y - before.y);
    else if (held.way === "move") this.drag(place);
    else if (held.way !== "click") this.trace();
    this.looked();
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    const { held } = this;
    this.drop();
    if (!held || !held.under.voxel) return;
    const long = held.touch && event.timeStamp - held.since > LONG;
    const first = held.points[0];
    const still = held.points.every((p) => Math.hypot(p.x - first.x, p.y - first.y) < STILL);
    if (held.way === "click" && still) this.click(held.under, held.positive !== long);
    if (["box", "scribble", "lasso"].includes(held.way)) {
      if (still && held.way !== "scribble") return;
      this.finish(held);
    }
  }

  drop() {
    this.held = null;
    this.overlay.stroke = null;
    this.overlay.draw();
  }

  way(event, under) {
    if (!under.voxel) return "turn";
    if (event.button === 1 || event.altKey) return "pan";
    return this.enabled ? this.tool : "move";
  }

  // The right button, or Shift, means the other of include and exclude.
  signOf(event) {
    return (event.button === 2 || event.shiftKey) !== this.positive;
  }

  click(under, positive) {
    this.canvas.lookAt(under.voxel);
    const voxel = this.canvas.space.clamped(under.voxel);
    this.said([{ point: this.canvas.space.toMm(voxel), positive }]);
  }

  trace() {
    const { way, positive, points } = this.held;
    this.overlay.stroke = { kind: way, positive, points: points.map((p) => [p.x, p.y]) };
    this.overlay.draw();
  }

  finish({ way, positive, points, under }) {
    const { space } = this.canvas;
    const voxels = points
      .map((p) => this.canvas.under(p.x, p.y))
      .filter((one) => one && one.tile === under.tile && one.voxel)
      .map((one) => one.voxel);
    if (way === "box") {
      const ends = [voxels[0], voxels[voxels.length - 1]].map((v) => space.clamped(v));
      const low = ends[0].map((v, i) => Math.min(v, ends[1][i])).slice(0, space.ndim);
      const high = ends[0].map((v, i) => Math.max(v, ends[1][i])).slice(0, space.ndim);
      this.said([{ voxel_box: [low, high], positive }]);
      return;
    }
    const kept = way === "scribble" ? voxels.filter((v) => space.inside(v)) : voxels;
    if (kept.length < (way === "lasso" ? 3 : 1)) return;
    this.said([{ [way]: kept.map((v) => space.toMm(v)), positive }]);
  }

  drag(place) {
    const under = this.canvas.under(place.x, place.y);
    if (under && under.tile === this.held.under.tile && under.voxel) this.look(under.voxel);
  }

  look(voxel) {
    this.canvas.lookAt(voxel);
    this.looked();
  }

  wheel(event) {
    event.preventDefault();
    const place = this.place(event);
    const under = this.canvas.under(place.x, place.y);
    if (!under) return;
    if (event.ctrlKey) this.canvas.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    else this.canvas.scroll(under.plane, event.deltaY < 0 ? 1 : -1);
    this.looked();
  }

  // Two fingers: together along the screen they scroll, apart they zoom.
  pinch(last, place, id) {
    const other = [...this.pointers].find(([one]) => one !== id)[1];
    const before = Math.hypot(last.x - other.x, last.y - other.y);
    const now = Math.hypot(place.x - other.x, place.y - other.y);
    if (Math.abs(now - before) > 2) this.canvas.zoom(now / before);
    else if (Math.abs(place.y - last.y) > 2) {
      const under = this.canvas.under(place.x, place.y);
      if (under) this.canvas.scroll(under.plane, place.y < last.y ? 1 : -1);
    }
    this.looked();
  }

  place(event) {
    const box = this.overlay.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
}
