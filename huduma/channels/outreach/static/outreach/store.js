// What is kept on the tablet. At rest everything is encrypted (AES-GCM, 256 bits) under a random key, and that key under one
// derived from the officer's PIN. Only the salt and the number of wrong PINs lie open. Unlocked, the key is in memory alone.
const NAME = "huduma-outreach";
const ROUNDS = 600000; // PBKDF2-HMAC-SHA-256: OWASP Password Storage Cheat Sheet, 2023
export const MOST_TRIES = 10;
const SLOW_AFTER = 3, FIRST_WAIT = 5000;
const text = new TextEncoder(), read = new TextDecoder();
let base, key = null, line = Promise.resolve();

/** Everything but the files, readable while unlocked: id → thing with a `kind`. */
export const things = new Map();
export const isOpen = () => key !== null;
export const all = (kind) => [...things.values()].filter((thing) => thing.kind === kind);

const settled = (request) => new Promise((done, fail) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => fail(request.error);
});
const open = async () => {
  if (base) return base;
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => ["lock", "things", "files"].forEach((name) => request.result.createObjectStore(name, { keyPath: "id" }));
  base = await settled(request);
  base.onversionchange = () => base.close();
  return base;
};
const write = async (names, act) => {
  const transaction = (await open()).transaction(names, "readwrite", { durability: "strict" }); // on the disk before we say so
  return new Promise((done, fail) => {
    transaction.oncomplete = () => done();
    transaction.onabort = () => fail(transaction.error);
    act(transaction);
  });
};
const get = async (name, id) => settled((await open()).transaction(name).objectStore(name).get(id));

const sealing = (id, iv) => ({ name: "AES-GCM", iv, additionalData: text.encode(id) }); // a row is of use under its own id only
const seal = async (by, id, bytes) => {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { id, iv, data: await crypto.subtle.encrypt(sealing(id, iv), by, bytes) };
};
const unseal = (by, row) => crypto.subtle.decrypt(sealing(row.id, row.iv), by, row.data);
const fromPin = async (pin, salt, rounds) => {
  const secret = await crypto.subtle.importKey("raw", text.encode(pin), "PBKDF2", false, ["deriveKey"]);
  const about = { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds };
  return crypto.subtle.deriveKey(about, secret, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
};
const usable = (raw) => crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);

/** What lies open: how many wrong PINs there were, and until when (epoch ms) none is taken; undefined where nothing is kept. */
export const lockState = () => get("lock", "pin");

/** Begin, empty, under a PIN. */
export const create = async (pin) => {
  const raw = crypto.getRandomValues(new Uint8Array(32)), salt = crypto.getRandomValues(new Uint8Array(16));
  const row = await seal(await fromPin(pin, salt, ROUNDS), "pin", raw);
  await write(["lock"], (now) => now.objectStore("lock").put({ ...row, salt, rounds: ROUNDS, tries: 0, until: 0 }));
  key = await usable(raw);
  raw.fill(0);
};

/** Unlock. A try is counted before it is made, so that pulling the plug gains nothing; the last wrong one erases.
 *  Returns "open", "wrong", "wait" or "erased". */
export const unlock = async (pin) => {
  let row, early = false;
  await write(["lock"], (now) => {
    const rows = now.objectStore("lock");
    rows.get("pin").onsuccess = ({ target }) => {
      row = target.result;
      early = row.until > Date.now();
      if (early) return;
      row.tries += 1;
      row.until = row.tries < SLOW_AFTER ? 0 : Date.now() + FIRST_WAIT * 2 ** (row.tries - SLOW_AFTER);
      rows.put(row);
    };
  });
  if (early) return "wait";
  let raw;
  try {
    raw = await unseal(await fromPin(pin, row.salt, row.rounds), row);
  } catch {
    if (row.tries < MOST_TRIES) return "wrong";
    await erase();
    return "erased";
  }
  const opened = await usable(raw);
  await line; // what was being saved when it was locked
  await write(["lock"], (now) => now.objectStore("lock").put({ ...row, tries: 0, until: 0 }));
  const rows = await settled((await open()).transaction("things").objectStore("things").getAll());
  things.clear();
  for (const one of rows) things.set(one.id, JSON.parse(read.decode(await unseal(opened, one))));
  key = opened;
  return "open";
};

/** Forget the key and all that was readable. What was being saved is still saved. */
export const lock = () => {
  key = null;
  things.clear();
};

/** Change several things at once: all of it is kept, or nothing. `files`: {id, bytes}; `drop` and `dropFiles`: ids. */
export const change = ({ put = [], drop = [], files = [], dropFiles = [] }) => {
  if (!key) throw new Error("locked");
  const by = key;
  const rows = put.map((thing) => [thing.id, text.encode(JSON.stringify(thing))]);
  for (const thing of put) things.set(thing.id, thing);
  for (const id of drop) things.delete(id);
  const next = line.then(async () => {
    const sealed = await Promise.all(rows.map(([id, bytes]) => seal(by, id, bytes)));
    const photos = await Promise.all(files.map((file) => seal(by, file.id, file.bytes)));
    await write(["things", "files"], (now) => {
      for (const row of sealed) now.objectStore("things").put(row);
      for (const id of drop) now.objectStore("things").delete(id);
      for (const row of photos) now.objectStore("files").put(row);
      for (const id of dropFiles) now.objectStore("files").delete(id);
    });
  });
  line = next.catch(() => {});
  return next;
};
export const put = (...changed) => change({ put: changed });

/** The bytes of a file, or null where it is no longer kept. */
export const readFile = async (id) => {
  const by = key, row = await get("files", id);
  return row ? new Uint8Array(await unseal(by, row)) : null;
};

/** Delete the database, the shell, the worker and every setting. */
export const erase = async () => {
  lock();
  await line;
  base?.close();
  base = undefined;
  await settled(indexedDB.deleteDatabase(NAME));
  localStorage.clear();
  for (const name of await caches.keys()) await caches.delete(name);
  for (const one of await navigator.serviceWorker?.getRegistrations() ?? []) await one.unregister();
};

/** A new id that sorts by time (UUID version 7, RFC 9562). */
export const uuid7 = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setUint32(0, Math.floor(Date.now() / 65536));
  new DataView(bytes.buffer).setUint16(4, Date.now() % 65536);
  bytes[6] = (bytes[6] & 15) | 112;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
};
