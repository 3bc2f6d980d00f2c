// What is drawn over the planes: marks of prompts, the stroke in hand, a ring for "look here".

const COLOURS = { include: "#4ade80", exclude: "#fb7185", hint: "#fbbf24" };
const NEAR = 0.75; // voxels from the slice within which a mark is shown

export class Overlay {
  constructor(element, canvas) {
    this.element = element;
    this.canvas = canvas;
    this.pen = element.getContext("2d");
    this.prompts = [];
    this.hint = null;
    this.stroke = null; // {kind, positive, points: [[x, y], ...]} in CSS pixels
  }

  draw() {
    const { element, pen } = this;
    const ratio = globalThis.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = element;
    if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
      element.width = Math.round(width * ratio);
      element.height = Math.round(height * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!this.canvas.space) return;
    for (const prompt of this.prompts) this.mark(prompt);
    if (this.hint) this.ring(this.canvas.space.toVoxel(this.hint));
    if (this.stroke) this.trail(this.stroke);
  }

  mark(prompt) {
    const { space } = this.canvas;
    const colour = prompt.positive ? COLOURS.include : COLOURS.exclude;
    if (prompt.point) this.sign(space.toVoxel(prompt.point), prompt.positive);
    for (const [key, closed] of [["scribble", false], ["lasso", true]]) {
      if (prompt[key]) this.line(prompt[key].map((mm) => space.toVoxel(mm)), colour, closed);
    }
    if (prompt.box) this.line(corners(prompt, space), colour, true);
  }

  // A plus or a minus, so that colour alone says nothing.
  sign(voxel, positive) {
    for (const place of this.places(voxel)) {
      const { pen } = this;
      pen.beginPath();
      pen.arc(place.x, place.y, 7, 0, 2 * Math.PI);
      pen.fillStyle = "rgba(10, 12, 16, 0.75)";
      pen.fill();
      pen.lineWidth = 2;
      pen.strokeStyle = positive ? COLOURS.include : COLOURS.exclude;
      pen.stroke();
      pen.beginPath();
      pen.moveTo(place.x - 3.5, place.y);
      pen.lineTo(place.x + 3.5, place.y);
      if (positive) {
        pen.moveTo(place.x, place.y - 3.5);
        pen.lineTo(place.x, place.y + 3.5);
      }
      pen.stroke();
    }
  }

  ring(voxel) {
    for (const place of this.places(voxel)) {
      this.pen.beginPath();
      this.pen.arc(place.x, place.y, 12, 0, 2 * Math.PI);
      this.pen.lineWidth = 2.5;
      this.pen.setLineDash([5, 4]);
      this.pen.strokeStyle = COLOURS.hint;
      this.pen.stroke();
      this.pen.setLineDash([]);
    }
  }

  // A line through voxels, on the planes whose slice holds all of it.
  line(voxels, colour, closed) {
    const tiles = new Map();
    for (const voxel of voxels) {
      for (const place of this.places(voxel)) {
        tiles.set(place.tile, [...(tiles.get(place.tile) || []), [place.x, place.y]]);
      }
    }
    for (const points of tiles.values()) {
      if (points.length === voxels.length) this.path(points, colour, closed);
    }
  }

  trail({ kind, positive, points }) {
    const colour = positive ? COLOURS.include : COLOURS.exclude;
    if (kind !== "box") {
      this.path(points, colour, kind === "lasso");
      return;
    }
    const [[x0, y0], [x1, y1]] = [points[0], points[points.length - 1]];
    this.path([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], colour, true);
  }

  path(points, colour, closed) {
    const { pen } = this;
    pen.beginPath();
    points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    if (closed) pen.closePath();
    pen.lineWidth = 2.5;
    pen.lineJoin = "round";
    pen.strokeStyle = colour;
    pen.stroke();
  }

  places(voxel) {
    return this.canvas.places(voxel).filter((place) => place.depth <= NEAR);
  }
}

// The corners of a box on a slice, in order; of a solid box those of its middle slice.
function corners({ box: [low, high], axes }, space) {
  const flat = low.map((a, i) => high[i] - a);
  const thin = low.length === 2 ? -1 : flat.indexOf(Math.min(...flat));
  const [u, v] = low.map((_, i) => i).filter((i) => i !== thin);
  const along = (point) => {
    if (!axes) return point;
    return point.map((_, world) => axes.reduce((sum, axis, i) => sum + axis[world] * point[i], 0));
  };
  const middle = low.map((a, i) => (a + high[i]) / 2);
  return [[low[u], low[v]], [high[u], low[v]], [high[u], high[v]], [low[u], high[v]]].map(
    ([a, b]) => {
      const point = [...middle];
      point[u] = a;
      point[v] = b;
      return space.toVoxel(along(point));
    },
  );
}
