// The page: what the user does goes to the server, what the server says is shown.
//
// The session is on the server. This file holds its last state, and asks for nothing twice at a
// time: what is done while an answer is on its way waits in a chain.

import { Api } from "./api.js";
import { Canvas } from "./canvas.js";
import { listenToDrops } from "./drops.js";
import { Follower } from "./follow.js";
import { listenToKeys } from "./keys.js";
import { middle, objectList, promptList } from "./lists.js";
import { Modes } from "./modes.js";
import { Overlay } from "./overlay.js";
import { fillFormats, keep } from "./save.js";
import { Scans } from "./scans.js";
import { Tools } from "./tools.js";
import { Windows } from "./windows.js";

const get = (id) => document.getElementById(id);
const hidden = new Set();
const made = new Set(); // sessions that this page opened itself
const page = { ready: false, busy: 0, state: null, canvas: null, drawn: 0 };
globalThis.vesal = page; // for tests, and for who is curious

let server;
let chain = Promise.resolve();

const api = new Api(askKey, (seconds) => status(`The server is busy; asking again in ${seconds} s`));
const canvas = new Canvas();
const overlay = new Overlay(get("overlay"), canvas);
canvas.drawn = () => overlay.draw();
const tools = new Tools(overlay, canvas, { said: say, looked });
const modes = new Modes(canvas, tools, looked);
const windows = new Windows(canvas);
const scans = new Scans(get("scans"), api, { open: openScan, failed, sending });
const follower = new Follower(api, { hear, gone });

function status(text) {
  get("status").textContent = text;
}

function failed(error) {
  get("problem-text").textContent = error.message;
  get("problem").hidden = false;
  status("");
}

function sending(share) {
  get("progress").hidden = share === null;
  if (share === null) return;
  get("progress").value = share;
  status(share < 1 ? `Sending the scan: ${Math.round(100 * share)} %` : "Reading the scan");
}

function askKey() {
  const dialog = get("key");
  get("key-text").value = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(get("key-text").value), { once: true });
  });
}

// Does one thing after the other, and tells what the work returns; a failure is told and leaves
// everything as it was.
function act(work, text) {
  page.busy += 1;
  chain = chain.then(async () => {
    if (text) status(text);
    try {
      status((await work()) || "");
    } catch (error) {
      failed(error);
      if (error.status === 404 && page.state) await lost();
    } finally {
      page.busy -= 1;
      if (!page.busy) get("progress").hidden = true;
    }
  });
  return chain;
}

// The session is gone: what is shown stays, and a scan can be chosen anew.
async function lost() {
  try {
    await api.session(page.state.id);
  } catch {
    follower.stop();
    made.delete(page.state.id);
    history.replaceState(null, "", "/");
    tools.enabled = false;
    scans.show();
  }
}

function gone(id) {
  act(async () => {
    if (page.state.id !== id) return;
    failed(new Error("This session is not there any more. Open the scan again."));
    await lost();
  });
}

function openScan(scan, series) {
  act(async () => {
    const left = page.state?.id;
    const state = await api.open(scan.id, series, get("model").value);
    made.add(state.id);
    history.replaceState(null, "", `#session=${state.id}`);
    await show(state);
    if (made.delete(left)) await tidy(left);
  }, `Opening ${scan.name}`);
}

// Gives a session up that was left, if nothing was ever done in it.
async function tidy(id) {
  try {
    const { objects, can_undo, can_redo } = await api.session(id);
    if (can_undo || can_redo || objects.some((one) => one.prompts.length)) return;
    await api.close(id);
  } catch {
    // it is gone already, or stays
  }
}

async function show(state) {
  follower.stop();
  hidden.clear();
  overlay.hint = null;
  page.ready = false;
  page.state = state;
  const volume = state.image.shape.length === 3;
  windows.fill(state.windows);
  await canvas.show(await api.image(state.id), state.image, state.windows[0]);
  canvas.radiological(volume && modes.radiological);
  modes.view(volume ? modes.chosen : "axial");
  await refreshLabels();
  tools.enabled = true;
  get("scan-name").textContent = state.scan.name;
  document.title = `${state.scan.name} · vesal`;
  refresh();
  for (const note of state.image.notes) addNote(note);
  page.ready = true;
  follower.follow(state.id);
}

async function refreshLabels() {
  canvas.colours(page.state.objects, hidden);
  await canvas.paint(await api.labels(page.state.id), true);
  page.drawn += 1;
}

// Shows what a step changed. If it does not follow on what is known, all is read anew: somebody
// else took a step, or the server began anew.
async function take(change) {
  const { revision } = page.state;
  const known = change.from === revision && change.state.revision === revision + 1;
  page.state = change.state;
  canvas.colours(change.state.objects, hidden);
  if (!known) await refreshLabels();
  else if (change.patch) await canvas.paint(change.patch);
  page.drawn += 1;
  refresh();
}

function step(work, text) {
  if (!page.state) return;
  overlay.hint = null;
  act(async () => take(await work(page.state.id)), text);
}

function say(prompts) {
  if (!page.state) return;
  const marked = { ...prompts[0] };
  if (!marked.voxel_box) overlay.prompts = [...overlay.prompts, marked]; // at once, before the answer
  overlay.draw();
  step((id) => { // the object in hand when its turn comes: "New" may be on its way
    const number = page.state.current;
    if (!number) throw new Error("There is no object to outline. Begin one with “New”.");
    return api.say(id, number, prompts);
  }, "Outlining");
  act(async () => refresh());
}

function change(number, changed) {
  step((id) => api.changeObject(id, number, changed));
  act(async () => refresh());
}

function select(number) {
  if (number !== page.state?.current) change(number, { current: true });
}

function newObject() {
  step((id) => api.newObject(id, null));
}

// Takes an object away, and tells which one is in hand if it was this.
function removeObject(number) {
  act(async () => {
    const held = page.state.current === number;
    overlay.hint = null;
    await take(await api.deleteObject(page.state.id, number));
    if (!held) return "";
    const next = page.state.objects.find((one) => one.number === page.state.current);
    return next ? `${next.name} is in hand now` : "No object is left; begin one with “New”";
  });
}

function hide(number) {
  if (!hidden.delete(number)) hidden.add(number);
  canvas.colours(page.state.objects, hidden);
  refresh();
}

function back(way) {
  step((id) => api.step(id, way));
}

// Takes a prompt back; the last one when its turn comes if none is given.
function removePrompt(prompt = null) {
  const said = prompt && JSON.stringify(prompt);
  act(async () => {
    const current = page.state?.objects.find((one) => one.number === page.state.current);
    const every = current ? current.prompts.map((one) => JSON.stringify(one)) : [];
    const index = said === null ? every.length - 1 : every.indexOf(said);
    if (index < 0) return;
    overlay.hint = null;
    await take(await api.unsay(page.state.id, current.number, index));
  }, "Outlining");
}

function suggest() {
  act(async () => {
    const { suggestion } = await api.suggestion(page.state.id, page.state.current);
    overlay.hint = suggestion && suggestion.point_mm;
    if (suggestion) canvas.lookAt(canvas.space.toVoxel(suggestion.point_mm));
    looked();
    const sure = suggestion ? "" : "The model is unsure of no place that is larger than an edge.";
    get("sure").textContent = suggestion
      ? `At the ring the model is unsure; it would rather ${suggestion.inside ? "include" : "leave out"} it.`
      : sure;
  }, "Looking for an unsure place");
}

function download() {
  act(async () => keep(await api.download(page.state.id, get("format").value)), "Writing the file");
}

function refresh() {
  const { state } = page;
  if (!state) return;
  const current = state.objects.find((one) => one.number === state.current);
  objectList(get("objects"), state, hidden, {
    change, select, hide, remove: removeObject,
  });
  promptList(get("prompts"), current, { go: goTo, remove: removePrompt });
  overlay.prompts = current ? current.prompts : [];
  get("undo").disabled = !state.can_undo;
  get("redo").disabled = !state.can_redo;
  get("suggest").disabled = !current || !current.prompts.length;
  get("download").disabled = !state.objects.some((one) => one.voxels);
  get("overlap").value = state.overlap;
  get("model").value = state.model;
  const stable = current?.stability;
  get("sure").textContent = stable === null || stable === undefined ? ""
    : `Stability of the outline: ${Math.round(100 * stable)} %`;
  get("notes").replaceChildren();
  for (const note of current?.notes || []) addNote(note);
  looked();
}

function addNote(text) {
  const row = document.createElement("li");
  row.textContent = text;
  get("notes").append(row);
}

function goTo(prompt) {
  const mm = middle(prompt);
  if (mm) canvas.lookAt(canvas.space.toVoxel(mm));
  looked();
}

function looked() {
  requestAnimationFrame(() => overlay.draw());
  if (!canvas.space) return;
  const voxel = canvas.crosshair();
  const mm = canvas.space.toMm(voxel).map((v) => v.toFixed(1));
  get("place").textContent = `${mm.join(", ")} ${page.state?.image.spacing_known ? "mm" : "px"}`;
}

function hear(news) {
  const bar = get("progress");
  if (!page.busy || news.type === "idle") {
    bar.hidden = true;
    if (news.type === "idle") compare(news.revision);
    return;
  }
  bar.hidden = false;
  if (news.type === "waiting") {
    bar.removeAttribute("value");
    status(news.ahead ? `Waiting: ${news.ahead} before you` : "Outlining");
  } else {
    bar.value = news.total ? news.done / news.total : 0;
    status(`Outlining: ${news.text}`);
  }
}

// Reads all anew if a revision is not one that own steps on their way lead to: somebody else works
// on the same session, or the server began anew.
function compare(revision) {
  const ahead = revision - page.state.revision;
  if (ahead < 0 || ahead > page.busy) {
    act(async () => { if (revision !== page.state.revision) await reread(); });
  }
}

async function reread() {
  page.state = await api.session(page.state.id);
  await refreshLabels();
  refresh();
}

function listenToControls() {
  const clicks = {
    "open-scan": () => scans.show(), help: () => get("keys").showModal(),
    "problem-close": () => { get("problem").hidden = true; },
    undo: () => back("undo"), redo: () => back("redo"), suggest, download,
    "new-object": newObject,
  };
  for (const [id, work] of Object.entries(clicks)) get(id).addEventListener("click", work);
  get("opacity").addEventListener("input", () => canvas.opacity(Number(get("opacity").value)));
  get("overlap").addEventListener("change", () => {
    step((id) => api.change(id, { overlap: get("overlap").value }));
  });
  get("model").addEventListener("change", () => {
    if (page.state) step((id) => api.change(id, { model: get("model").value }), "Loading the model");
    act(async () => refresh());
  });
  new ResizeObserver(() => looked()).observe(get("stage"));
  listenToDrops(get("drop"), (transfer) => {
    const entries = scans.entries(transfer); // gone once the event is over
    act(() => scans.drop(entries));
  });
}

async function start() {
  listenToControls();
  listenToKeys(get("overlay"), canvas, {
    tool: (name) => modes.tool(name), view: (name) => modes.choose(name), looked, suggest,
    click: (mm, other) => say([{ point: mm, positive: tools.positive !== other }]),
    newObject, turnSign: () => modes.turnSign(), undo: () => back("undo"),
    redo: () => back("redo"), hide: () => page.state?.current && hide(page.state.current),
    help: () => get("keys").showModal(), fit: () => modes.fit(),
    dropLast: () => removePrompt(),
  });
  if (localStorage.getItem("vesal-radiological") === "false") modes.turnSides();
  await canvas.attach(get("image"));
  page.canvas = canvas;
  await act(async () => {
    server = await api.server();
    get("model").replaceChildren(...server.models.map((m) => new Option(m.title, m.name)));
    get("model").value = server.default_model;
    fillFormats(get("format"), server.formats);
    const session = /session=([0-9a-f]+)/.exec(location.hash);
    if (session) await resume(session[1]);
    else await firstScan();
  });
}

async function resume(id) {
  try {
    await show(await api.session(id));
  } catch (error) {
    history.replaceState(null, "", "/");
    scans.show();
    throw error;
  }
}

// The only scan of a server is opened at once.
async function firstScan() {
  const every = (await api.scans()).scans;
  if (every.length === 1 && every[0].kind === "file") openScan(every[0], null);
  else scans.show();
}

start();
