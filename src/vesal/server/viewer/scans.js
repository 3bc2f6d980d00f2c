// Which scan: those of the server, files from a chooser, files and folders that are dropped.

import { button } from "./lists.js";

export class Scans {
  // open: called with a scan and the UID of a series, or null.
  constructor(dialog, api, { open, failed, sending }) {
    this.dialog = dialog;
    this.api = api;
    this.open = open;
    this.failed = failed;
    this.sending = sending;
    this.list = dialog.querySelector("#scan-list");
    this.filter = dialog.querySelector("#scan-filter");
    this.scans = [];
    this.filter.addEventListener("input", () => this.fill());
    for (const chooser of dialog.querySelectorAll("input[type=file]")) {
      chooser.addEventListener("change", () => {
        const files = [...chooser.files].map((file) => ({
          file, path: file.webkitRelativePath || file.name,
        }));
        chooser.value = "";
        this.send(files);
      });
    }
  }

  async show() {
    if (!this.dialog.open) this.dialog.showModal();
    try {
      this.scans = (await this.api.scans()).scans;
      this.fill();
    } catch (error) {
      this.failed(error);
    }
  }

  fill() {
    const wanted = this.filter.value.toLowerCase();
    const shown = this.scans.filter((scan) => scan.name.toLowerCase().includes(wanted));
    this.list.replaceChildren(...shown.slice(0, 500).map((scan) => {
      const row = document.createElement("li");
      const name = `${scan.kind === "folder" ? "▸ " : ""}${scan.name}`;
      row.append(button(name, `Open ${scan.name}`, () => this.choose(scan)));
      return row;
    }));
    this.dialog.querySelector("#no-scans").hidden = shown.length > 0;
  }

  // Opens a scan, after asking which series where there are several.
  async choose(scan) {
    try {
      const { series } = await this.api.series(scan.id);
      if (series.length < 2) {
        this.dialog.close();
        this.open(scan, null);
        return;
      }
      this.list.replaceChildren(...series.map((one) => {
        const row = document.createElement("li");
        const words = `${one.description || "no name"} · ${one.modality} · ${one.slices} slices`;
        row.append(button(words, `Open ${words}`, () => {
          this.dialog.close();
          this.open(scan, one.uid);
        }));
        return row;
      }));
    } catch (error) {
      this.failed(error);
    }
  }

  async send(files) {
    if (!files.length) return;
    try {
      const scan = await this.api.upload(files, this.sending);
      await this.choose(scan);
    } catch (error) {
      this.failed(error);
    } finally {
      this.sending(null);
    }
  }

  // What was dropped; to be asked while the event lasts.
  entries(transfer) {
    return [...transfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  }

  // Sends files, and folders with all that is in them.
  async drop(entries) {
    const files = [];
    for (const entry of entries) await collect(entry, "", files);
    await this.send(files);
  }
}

async function collect(entry, path, files) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed));
    files.push({ file, path: path + file.name });
    return;
  }
  const reader = entry.createReader();
  for (;;) { // it gives a hundred entries at a time
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return;
    for (const one of some) await collect(one, `${path}${entry.name}/`, files);
  }
}
