// How grey the image is shown: presets, and a window of one's own.

const get = (id) => document.getElementById(id);

export class Windows {
  constructor(canvas) {
    this.canvas = canvas;
    this.presets = [];
    get("window").addEventListener("change", () => this.choose());
    for (const id of ["window-low", "window-high"]) {
      get(id).addEventListener("change", () => this.own());
    }
  }

  // Offers the presets of a scan; the first one is shown.
  fill(presets) {
    this.presets = presets;
    get("window").replaceChildren(...presets.map((one) => new Option(one.name)), new Option("Own"));
    this.write(presets[0]);
  }

  write({ low, high }) {
    get("window-low").value = Number(low.toPrecision(5));
    get("window-high").value = Number(high.toPrecision(5));
  }

  choose() {
    const chosen = this.presets[get("window").selectedIndex];
    if (!chosen) return;
    this.write(chosen);
    this.canvas.window(chosen.low, chosen.high);
  }

  own() {
    get("window").value = "Own";
    this.canvas.window(Number(get("window-low").value), Number(get("window-high").value));
  }
}
