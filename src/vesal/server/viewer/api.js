// Talks to the server. Every failure becomes an Error whose message a person can act on.

const UNREACHABLE = "The server does not answer. Is it still running?";
const KEY = "vesal-key";
const RETRIES = 5;

export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export class Api {
  // askKey: returns a promise of the server's key, asked of the user.
  // tellBusy: called with the seconds until a busy server is asked again.
  constructor(askKey, tellBusy) {
    this.askKey = askKey;
    this.tellBusy = tellBusy;
  }

  server() { return this.json("GET", "/api/server"); }
  scans() { return this.json("GET", "/api/scans"); }
  series(scan) { return this.json("GET", `/api/scans/${scan}/series`); }
  open(scan, series, model) { return this.json("POST", "/api/sessions", { scan, series, model }); }
  session(id) { return this.json("GET", `/api/sessions/${id}`); }
  close(id) { return this.json("DELETE", `/api/sessions/${id}`); }
  labels(id) { return this.json("GET", `/api/sessions/${id}/labels`); }
  say(id, object, prompts) {
    return this.json("POST", `/api/sessions/${id}/prompts`, { object, prompts });
  }
  unsay(id, object, index) {
    return this.json("DELETE", `/api/sessions/${id}/objects/${object}/prompts/${index}`);
  }
  newObject(id, name) { return this.json("POST", `/api/sessions/${id}/objects`, { name }); }
  changeObject(id, object, change) {
    return this.json("PATCH", `/api/sessions/${id}/objects/${object}`, change);
  }
  deleteObject(id, object) { return this.json("DELETE", `/api/sessions/${id}/objects/${object}`); }
  step(id, way) { return this.json("POST", `/api/sessions/${id}/${way}`); }
  change(id, change) { return this.json("PATCH", `/api/sessions/${id}`, change); }
  suggestion(id, object) {
    return this.json("GET", `/api/sessions/${id}/suggestion?object=${object}`);
  }

  async image(id) {
    const answer = await this.fetch("GET", `/api/sessions/${id}/image`);
    return answer.arrayBuffer();
  }

  async download(id, format) {
    const query = encodeURIComponent(format);
    const answer = await this.fetch("GET", `/api/sessions/${id}/download?format=${query}`);
    const header = answer.headers.get("Content-Disposition") || "";
    const name = /filename\*=UTF-8''([^;]+)/.exec(header);
    return { blob: await answer.blob(), name: name ? decodeURIComponent(name[1]) : `labels.${format}` };
  }

  async json(method, path, body) {
    const answer = await this.fetch(method, path, body);
    return answer.status === 204 ? null : answer.json();
  }

  async fetch(method, path, body) {
    for (let tried = 0; ; tried++) {
      const headers = this.headers();
      if (body !== undefined) headers["Content-Type"] = "application/json";
      let answer;
      try {
        answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      } catch {
        throw new Refusal(UNREACHABLE, 0);
      }
      if (answer.ok) return answer;
      if (answer.status === 401 && tried < RETRIES) {
        sessionStorage.setItem(KEY, await this.askKey());
      } else if (answer.status === 503 && tried < RETRIES) {
        const seconds = Number(answer.headers.get("Retry-After")) || 2;
        this.tellBusy(seconds);
        await new Promise((done) => setTimeout(done, 1000 * seconds));
      } else {
        throw new Refusal(await sentence(answer), answer.status);
      }
    }
  }

  // The files as one scan; progress is called with the share that was sent, 0 to 1.
  upload(files, progress) {
    const form = new FormData();
    for (const { file, path } of files) form.append("files", file, path);
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest(); // fetch does not tell how much was sent
      request.open("POST", "/api/scans");
      for (const [name, value] of Object.entries(this.headers())) {
        request.setRequestHeader(name, value);
      }
      request.upload.onprogress = (event) => progress(event.loaded / event.total);
      request.onerror = () => failed(new Refusal(UNREACHABLE, 0));
      request.onload = () => {
        const answer = parsed(request.responseText);
        if (request.status === 201) done(answer);
        else failed(new Refusal(answer.detail || "The scan was not taken.", request.status));
      };
      request.send(form);
    });
  }

  // Calls hear with each event of a session until the signal stops it.
  async events(id, hear, signal) {
    const path = `/api/sessions/${id}/events`;
    const answer = await fetch(path, { headers: this.headers(), signal });
    if (!answer.ok) throw new Refusal(await sentence(answer), answer.status);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const pieces = (rest + value).split("\n\n");
      rest = pieces.pop();
      for (const piece of pieces) {
        if (piece.startsWith("data: ")) hear(JSON.parse(piece.slice(6)));
      }
    }
  }

  headers() {
    const key = sessionStorage.getItem(KEY);
    return key ? { Authorization: `Bearer ${key}` } : {};
  }
}

async function sentence(answer) {
  const detail = parsed(await answer.text()).detail;
  return typeof detail === "string" ? upper(detail) : `The server refused (${answer.status}).`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function upper(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
