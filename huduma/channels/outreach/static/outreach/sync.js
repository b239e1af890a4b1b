// Bringing records and files to the server: again and again until each is there once, whatever the link does. Records go in
// batches; files by tus 1.0.0, on from where the last piece ended. Nothing is deleted here before the server says it is done.
import { device, freshCounter, pack, settle, unsynced } from "./day.js";
import { all, erase, isOpen, put, readFile, things } from "./store.js";
import { language, say } from "./words.js";

const API = "/outreach/api/";
const PATIENCE = 60000, FIRST_DELAY = 1000, LONGEST_DELAY = 60000, SOON = 3000;
const TUS = { "Tus-Resumable": "1.0.0" };
const text = new TextEncoder();
const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

/** How it stands: `problem` says why it stopped; of the bytes and records of this round, how many are there. */
export const progress = { running: false, problem: null, records: 0, ofRecords: 0, bytes: 0, ofBytes: 0, at: null, unknown: false };
let tell = () => {}, wiped = () => {}, timer = 0, delay = FIRST_DELAY, soon = SOON, again = false;

/** `changed()` after every step; `erased(message)` when the server said that this tablet was lost. */
export const begin = (changed, erased) => {
  tell = changed;
  wiped = erased;
  addEventListener("online", () => { delay = FIRST_DELAY; soon = SOON; synchronise(); });
};

class Stopped extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}
class Lost extends Error {}

const call = async (path, { headers = {}, ...about } = {}) => {
  const { token } = device();
  const answer = await fetch(API + path, {
    ...about, credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
    headers: { Authorization: `Bearer ${token}`, "Accept-Language": language, "Huduma-Unsynced": String(unsynced()), ...headers },
  });
  if (answer.status === 410) {
    const { message } = await answer.json();
    await erase();
    await fetch(`${API}devices/wiped/`, { method: "POST", credentials: "omit", headers: { Authorization: `Bearer ${token}` } }).catch(() => {});
    throw new Lost(message);
  }
  if (!answer.ok && answer.status !== 304) {
    const said = await answer.json().catch(() => ({}));
    throw new Stopped(said.message ?? say("server_wrong"), answer.status);
  }
  return answer;
};
const post = async (path, said) => (await call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said) })).json();

/** Take the pack, where it changed: services, forms, and more numbers when few are left. */
export const takePack = async () => {
  const known = things.get("pack");
  const answer = await call(`visits/${device().visit}/pack/`, { headers: known ? { "If-None-Match": known.etag } : {} });
  if (answer.status !== 304) {
    const content = await answer.json();
    await put({ id: "pack", kind: "pack", etag: answer.headers.get("ETag"), content }, things.get("counter") ?? freshCounter());
  }
};

const note = async (made, { state, message = "" }) => {
  if (state === "done") return settle(made);
  if (made.state !== state || made.message !== message) await put({ ...things.get(made.id), state, message });
};
const sendRecords = async () => {
  const { records: most, record_bytes: size } = pack().limits;
  for (;;) {
    const batch = [];
    let bytes = 100;
    for (const made of all("record").filter((one) => one.state === "new")) {
      bytes += text.encode(JSON.stringify(made.record)).length + 1;
      if (batch.length === most || (bytes > size && batch.length)) break;
      batch.push(made);
    }
    if (!batch.length) return;
    const { results } = await post("records/", { records: batch.map((made) => made.record) });
    for (const [place, made] of batch.entries()) await note(made, results[place]);
    progress.records += batch.length;
    tell();
  }
};

const sendFile = async (made, file) => {
  const pairs = { id: file.id, sha256: file.sha256, type: file.type, record: made.id };
  const said = Object.entries(pairs).map(([name, value]) => `${name} ${btoa(value)}`).join(",");
  const bytes = await readFile(file.id);
  const place = await call("files/", { method: "POST", headers: { ...TUS, "Upload-Length": String(file.bytes), "Upload-Metadata": said } });
  let offset = Number(place.headers.get("Upload-Offset") ?? 0), faults = 0;
  const before = progress.bytes;
  while (offset < file.bytes) {
    const piece = bytes.subarray(offset, offset + pack().limits.piece_bytes);
    try {
      const answer = await call(`files/${file.id}/`, { method: "PATCH", body: piece, headers: {
        ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset),
        "Upload-Checksum": `sha256 ${base64(await crypto.subtle.digest("SHA-256", piece))}`,
      } });
      offset = Number(answer.headers.get("Upload-Offset"));
    } catch (error) {
      if (![409, 460].includes(error.status) || ++faults > 5) throw error;
      offset = Number((await call(`files/${file.id}/`, { method: "HEAD", headers: TUS })).headers.get("Upload-Offset"));
    }
    progress.bytes = before + offset;
    tell();
  }
  progress.bytes = before + file.bytes;
  const now = things.get(made.id);
  await put({ ...now, files: now.files.map((one) => (one.id === file.id ? { ...one, sent: true } : one)) });
};
const sendFiles = async () => {
  for (const made of all("record").filter((one) => one.state === "stored")) {
    for (const file of made.files.filter((one) => !one.sent)) {
      try {
        await sendFile(made, file);
      } catch (error) {
        if (![400, 409, 413, 415].includes(error.status)) throw error; // this one is never taken; the others go on
        await note(made, { state: "refused", message: error.message });
        break;
      }
    }
  }
};

const askStates = async () => {
  const asked = all("record").filter((one) => ["stored", "conflict"].includes(one.state)).slice(0, 1000);
  if (!asked.length) return;
  const { results } = await post("records/states/", { ids: asked.map((one) => one.id) });
  const states = new Map(results.map((one) => [one.id, one]));
  for (const made of asked) await note(made, states.get(made.id) ?? { state: "new" }); // one that never arrived goes again
};

const round = async () => {
  await takePack();
  await sendRecords();
  await sendFiles();
  await askStates();
  return all("record").some((one) => ["new", "stored"].includes(one.state));
};

const count = () => {
  const open = all("record").filter((one) => ["new", "stored"].includes(one.state));
  const files = open.flatMap((one) => one.files).filter((file) => !file.sent);
  Object.assign(progress, { records: 0, ofRecords: open.filter((one) => one.state === "new").length, bytes: 0, ofBytes: files.reduce((sum, file) => sum + file.bytes, 0) });
};

/** Send what there is to send, now. It goes on by itself until all is there. */
export const synchronise = async () => {
  clearTimeout(timer);
  if (progress.running) { again = true; return; }
  if (!isOpen() || !device()) return;
  if (!navigator.onLine) return tell(); // `online` begins again
  Object.assign(progress, { running: true, problem: null });
  count();
  tell();
  let wait = null;
  const before = unsynced();
  try {
    if (await round()) { // the server's jobs are still at it
      soon = unsynced() < before ? SOON : Math.min(soon * 2, LONGEST_DELAY);
      wait = soon;
    }
    delay = FIRST_DELAY;
    Object.assign(progress, { at: Date.now(), unknown: false });
  } catch (error) {
    if (error instanceof Lost) return wiped(error.message);
    progress.unknown = error.status === 401;
    progress.problem = () => (error instanceof Stopped ? error.message : say("no_link"));
    if (!(error instanceof Stopped || error instanceof TypeError || error instanceof DOMException)) console.error(error);
    wait = delay * (0.75 + Math.random() / 2); // not all tablets of a team at the same moment
    delay = Math.min(delay * 2, LONGEST_DELAY);
  } finally {
    progress.running = false;
  }
  if (again) { again = false; wait = 0; }
  if (wait !== null && isOpen()) timer = setTimeout(synchronise, wait);
  tell();
};
