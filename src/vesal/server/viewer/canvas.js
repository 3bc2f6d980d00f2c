// NiiVue: the image, its planes, and the label map on them. No mouse: see tools.js.

import { Space, slot } from "./space.js";

const { Niivue, NVImage, SHOW_RENDER } = globalThis.niivue;

const PLANES = { axial: 0, coronal: 1, sagittal: 2, multi: 3, render: 4 };
// NiiVue's axis that is flat on a plane, by axial, coronal, sagittal.
const FLAT = [2, 1, 0];
// From a plane's own x, y, depth to NiiVue's x, y, z.
const TO_PLANE = [(p) => p, (p) => [p[0], p[2], p[1]], (p) => [p[1], p[2], p[0]]];
const FROM_PLANE = [(p) => p, (p) => [p[0], p[2], p[1]], (p) => [p[2], p[0], p[1]]];

export class Canvas {
  constructor() {
    this.nv = new Niivue({
      backColor: [0.05, 0.06, 0.08, 1],
      crosshairColor: [0.45, 0.72, 0.95, 0.75],
      crosshairWidth: 0.3,
      crosshairWidthUnit: "percent", // of the field of view
      crosshairGap: 9,
      isCornerOrientationText: true,
      fontColor: [0.92, 0.95, 1, 1],
      show3Dcrosshair: true,
      isRadiologicalConvention: true,
      isResizeCanvas: true,
      multiplanarShowRender: SHOW_RENDER.ALWAYS,
      isColorbar: false,
      loadingText: "",
      dragAndDropEnabled: false,
      logLevel: "error",
      fontMinPx: 12,
    });
    this.space = null;
    this.volume = null;
    this.due = 0; // the frame of the screen at which the planes are drawn, if they are to be
    this.drawn = () => {}; // called when the planes have been drawn, and may lie elsewhere
  }

  async attach(element) {
    this.draw = this.nv.drawScene.bind(this.nv);
    // NiiVue draws at each change; many are made at once, and the screen shows the last of them.
    this.nv.drawScene = () => {
      this.due ||= requestAnimationFrame(() => this.settle());
    };
    const resize = this.nv.resizeListener.bind(this.nv);
    this.nv.resizeListener = () => {
      resize();
      this.settle(); // a canvas of another size is empty until it is drawn
    };
    await this.nv.attachToCanvas(element);
    this.opacity(0.35);
  }

  // Draws what is due now: where the planes lie is known only when they have been drawn.
  settle() {
    if (!this.due) return;
    cancelAnimationFrame(this.due);
    this.due = 0;
    this.draw();
    this.drawn();
  }

  // Shows another image; bytes: an uncompressed NIfTI.
  async show(bytes, image, window) {
    while (this.nv.volumes.length) this.nv.removeVolume(this.nv.volumes[0]);
    this.nv.closeDrawing();
    const options = { url: bytes, name: "scan.nii", colormap: "gray" };
    const volume = await NVImage.loadFromUrl({
      ...options, cal_min: window.low, cal_max: window.high,
    });
    this.nv.addVolume(volume);
    this.volume = volume;
    this.space = new Space(image, volume);
    this.nv.setInterpolation(false);
    this.nv.createEmptyDrawing();
    this.nv.setDrawingEnabled(false);
    this.fit();
    this.lookAt(this.space.shape.map((n) => Math.floor(n / 2)));
  }

  plane(name) {
    this.nv.setSliceType(PLANES[name]);
  }

  radiological(wanted) {
    this.nv.opts.isRadiologicalConvention = wanted; // NiiVue's own setter sends the image anew
    this.nv.drawScene();
  }

  window(low, high) {
    if (!this.volume || !(high > low)) return;
    this.volume.cal_min = low;
    this.volume.cal_max = high;
    this.nv.updateGLVolume();
  }

  // Colours of the label map; hidden numbers are not shown.
  colours(objects, hidden) {
    const lut = new Uint8ClampedArray(256 * 4);
    for (const one of objects) {
      const at = 4 * slot(one.number);
      lut.set([...one.colour, hidden.has(one.number) ? 0 : 255], at);
    }
    if (!this.volume) return;
    this.nv.drawLut = { lut, labels: Array.from({ length: 256 }, (_, i) => String(i)) };
    this.nv.refreshColormaps(); // not updateGLVolume: it would send the whole image anew
    this.nv.drawScene();
  }

  async paint(patch, whole = false) {
    const labels = await inflated(patch);
    const bitmap = this.nv.drawBitmap;
    if (!bitmap) return;
    if (whole) bitmap.fill(0);
    this.space.paint(bitmap, patch, labels);
    this.nv.refreshDrawing(true);
  }

  // The voxel of the image under a place of the canvas in CSS pixels, and the plane it is on.
  under(x, y) {
    this.settle();
    const scale = this.scale();
    const at = this.nv.tileIndex(x * scale, y * scale);
    const tile = this.nv.screenSlices[at];
    if (!tile || !this.space) return null;
    if (tile.axCorSag > 2) return { tile: at, plane: tile.axCorSag, voxel: null, axis: -1 };
    const fraction = this.nv.screenXY2TextureFrac(x * scale, y * scale, at, false);
    if (fraction[0] < 0 && fraction[1] < 0 && fraction[2] < 0) return null;
    const voxel = this.space.fromFraction(Array.from(fraction));
    const axis = this.space.axes[FLAT[tile.axCorSag]];
    voxel[axis] = this.crosshair()[axis];
    return { tile: at, plane: tile.axCorSag, voxel, axis };
  }

  // Where a voxel lies on each plane that is shown: [{x, y, tile, depth}], in CSS pixels.
  places(voxel) {
    this.settle();
    const scale = this.scale();
    const fraction = this.space.toFraction(voxel);
    const mm = Array.from(this.nv.frac2mm(fraction, 0, false));
    const here = this.crosshair();
    const found = [];
    this.nv.screenSlices.forEach((tile, index) => {
      if (tile.axCorSag > 2 || tile.AxyzMxy.length < 4) return;
      const flat = TO_PLANE[tile.axCorSag](mm);
      let [left, top, width, height] = tile.leftTopWidthHeight;
      let across = (flat[0] - tile.leftTopMM[0]) / tile.fovMM[0];
      const up = (flat[1] - tile.leftTopMM[1]) / tile.fovMM[1];
      if (width < 0) {
        left += width;
        width = -width;
        across = 1 - across;
      }
      const axis = this.space.axes[FLAT[tile.axCorSag]];
      found.push({
        x: (left + across * width) / scale,
        y: (top + (1 - up) * height) / scale,
        tile: index,
        plane: tile.axCorSag,
        depth: Math.abs(voxel[axis] - here[axis]),
      });
    });
    return found;
  }

  // The voxel at the crosshair.
  crosshair() {
    return this.space.clamped(this.space.fromFraction(Array.from(this.nv.scene.crosshairPos)));
  }

  lookAt(voxel) {
    const fraction = this.space.toFraction(this.space.clamped(voxel));
    this.nv.scene.crosshairPos = fraction;
    this.nv.drawScene();
  }

  // Moves the slice of a plane; on a render it turns.
  scroll(plane, steps) {
    if (!this.space || plane > 2) return;
    const axis = FLAT[plane];
    const fraction = Array.from(this.nv.scene.crosshairPos);
    const count = this.space.turned[axis];
    const slice = Math.min(Math.max(Math.floor(fraction[axis] * count) + steps, 0), count - 1);
    fraction[axis] = (slice + 0.5) / count;
    this.nv.scene.crosshairPos = fraction;
    this.nv.drawScene();
  }

  // Moves the crosshair by voxels along right, anterior, superior.
  nudge(steps, count) {
    const fraction = Array.from(this.nv.scene.crosshairPos);
    this.space.turned.forEach((n, i) => {
      const next = Math.floor(fraction[i] * n) + steps[i] * count;
      fraction[i] = (Math.min(Math.max(next, 0), n - 1) + 0.5) / n;
    });
    this.nv.scene.crosshairPos = fraction;
    this.nv.drawScene();
  }

  opacity(share) {
    this.nv.drawRimOpacity = Math.min(1, 2.5 * share); // the outline stays in sight
    this.nv.setDrawOpacity(share);
  }

  turn(dx, dy) {
    const { renderAzimuth, renderElevation } = this.nv.scene;
    const elevation = Math.min(Math.max(renderElevation + dy / 2, -90), 90);
    this.nv.setRenderAzimuthElevation(renderAzimuth - dx / 2, elevation);
  }

  // Zooms about the crosshair.
  zoom(factor) {
    const [x, y, z, old] = this.nv.scene.pan2Dxyzmm;
    const next = Math.min(Math.max(old * factor, 0.5), 12);
    const here = this.nv.frac2mm(this.nv.scene.crosshairPos, 0, false);
    const shift = [x, y, z].map((pan, i) => pan + (old - next) * here[i]);
    this.nv.setPan2Dxyzmm([...shift, next]);
  }

  pan(plane, dx, dy) {
    const pan = Array.from(this.nv.scene.pan2Dxyzmm);
    const tile = this.nv.screenSlices.find((one) => one.axCorSag === plane);
    if (!tile) return;
    const width = Math.abs(tile.leftTopWidthHeight[2]) / this.scale();
    const perPixel = Math.abs(tile.fovMM[0]) / width;
    const mirrored = tile.leftTopWidthHeight[2] < 0 ? -1 : 1;
    const moved = FROM_PLANE[plane]([mirrored * dx * perPixel, -dy * perPixel, 0]);
    this.nv.setPan2Dxyzmm([pan[0] + moved[0], pan[1] + moved[1], pan[2] + moved[2], pan[3]]);
  }

  fit() {
    this.nv.setPan2Dxyzmm([0, 0, 0, 1]);
  }

  scale() {
    return this.nv.uiData.dpr || 1;
  }
}

async function inflated(patch) {
  const packed = Uint8Array.from(atob(patch.labels), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  return patch.bytes === 2 ? new Uint16Array(bytes) : new Uint8Array(bytes);
}
