// How the image is looked at, and what a drag on it means: the buttons that stay pressed.

const get = (id) => document.getElementById(id);

export class Modes {
  // looked: after the view changed.
  constructor(canvas, tools, looked) {
    this.canvas = canvas;
    this.tools = tools;
    this.looked = looked;
    for (const one of document.querySelectorAll("[data-view]")) {
      one.addEventListener("click", () => this.choose(one.dataset.view));
    }
    for (const one of document.querySelectorAll("[data-tool]")) {
      one.addEventListener("click", () => this.tool(one.dataset.tool));
    }
    get("sign").addEventListener("click", () => this.turnSign());
    get("radiological").addEventListener("click", () => this.turnSides());
    get("fit").addEventListener("click", () => this.fit());
  }

  // The view that was chosen last: another scan is looked at in the same way.
  get chosen() {
    const name = localStorage.getItem("vesal-view");
    return document.querySelector(`[data-view="${CSS.escape(name)}"]`) ? name : "multi";
  }

  choose(name) {
    localStorage.setItem("vesal-view", name);
    this.view(name);
  }

  view(name) {
    this.canvas.plane(name);
    press("view", name);
    this.looked();
  }

  tool(name) {
    this.tools.tool = name;
    press("tool", name);
  }

  fit() {
    this.canvas.fit();
    this.looked();
  }

  turnSign() {
    const { tools } = this;
    tools.positive = !tools.positive;
    const sign = get("sign");
    sign.className = tools.positive ? "include" : "exclude";
    sign.setAttribute("aria-pressed", String(!tools.positive));
    sign.querySelector("b").textContent = tools.positive ? "＋" : "−";
    sign.querySelector("span").textContent = tools.positive ? "Include" : "Exclude";
  }

  get radiological() {
    return get("radiological").getAttribute("aria-pressed") === "true";
  }

  turnSides() {
    const wanted = !this.radiological;
    get("radiological").setAttribute("aria-pressed", String(wanted));
    localStorage.setItem("vesal-radiological", String(wanted));
    this.canvas.radiological(wanted);
    this.looked();
  }
}

function press(kind, name) {
  for (const one of document.querySelectorAll(`[data-${kind}]`)) {
    one.setAttribute("aria-pressed", String(one.dataset[kind] === name));
  }
}
