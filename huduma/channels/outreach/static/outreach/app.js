// The installable page of a tablet: it opens with a PIN, works a day without a network, and brings everything back.
// What stands here is the way in; the screens of the day, which nobody sees before, come after it is shown.
import { device, freshCounter } from "./day.js";
import { all, create, change, erase, isOpen, lock, lockState, MOST_TRIES, put, things, unlock } from "./store.js";
import { begin, progress, synchronise, takePack } from "./sync.js";
import { button, date, h, LANGUAGES, language, say, speak } from "./words.js";

const IDLE = 5 * 60000, CAMERA = 2 * 60000, LETTING_GO = 1000, SHORTEST_PIN = 6;
const main = document.getElementById("main"), bar = document.getElementById("bar"), said = document.getElementById("status");
let SCREENS = {}, screens = null;
const fetchScreens = async () => {
  const [ours, { apply }] = await Promise.all([import("./screens.js"), import("./apply.js")]);
  screens = ours;
  SCREENS = {
    queue: ours.queue, ticket: ours.ticket, services: ours.services, service: ours.service, apply, cash: ours.cash,
    receipt: ours.receipt, void: ours.voiding, outbox: ours.outbox, setup,
  };
};
let mode = "starting", told = "", idle = 0, picking = 0;

// One window at a time: two would hand out the same number. This one goes on as soon as no other is open.
const alone = () => new Promise((done) => {
  navigator.locks.request("huduma-outreach", () => {
    done();
    return new Promise(() => {});
  });
});

const showing = () => (mode === "open" ? location.hash.slice(1).split("/") : [mode]);
const render = (focus) => {
  if (mode === "opening") return;
  const [name, ...rest] = showing(), key = document.activeElement?.id;
  const screen = { locked, setup, elsewhere, erased, unable }[mode] ?? SCREENS[name] ?? SCREENS.queue;
  const [title, ...content] = screen(rest.map(decodeURIComponent).join("/") || undefined);
  main.replaceChildren(h("h1", { id: "title", tabindex: "-1" }, title), ...content.flat(9).filter(Boolean));
  document.title = `${main.querySelector(".summary") ? `${say("error")} ` : ""}${title} – Huduma`;
  chrome(name);
  const wanted = document.getElementById(focus ?? "") ?? (focus ? document.getElementById("title") : document.getElementById(key));
  wanted?.focus();
};
const chrome = (name) => {
  const link = (to, words) => h("a", { href: `#${to}`, "aria-current": name === to || (to === "queue" && !SCREENS[name]) ? "page" : null }, words);
  const other = LANGUAGES.find((one) => one !== language);
  bar.replaceChildren(...[
    mode === "open" && h("nav", { "aria-label": say("menu") }, link("queue", say("queue")), link("services", say("services")), link("outbox", say("outbox"))),
    h("button", { type: "button", className: "link", lang: other, onclick: () => { speak(other); render(); } }, { en: "English", sw: "Kiswahili" }[other]),
    mode === "open" && h("button", { type: "button", className: "link", onclick: close }, say("lock")),
  ].filter(Boolean));
  document.getElementById("skip").textContent = say("skip");
  const sandbox = document.getElementById("sandbox");
  if (sandbox) sandbox.textContent = say("sandbox");
  report();
};
const report = () => { said.textContent = mode === "open" && device() ? screens.status() : ""; };

const field = (id, label, more = {}) => h("div", { className: "field" }, h("label", { htmlFor: id }, say(label)), h("input", { id, autocomplete: "off", ...more }));
const PIN = { type: "password", autocomplete: "new-password", required: true };
const asForm = (act, ...inside) => {
  const form = h("form", { novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    const send = form.querySelector("button.button");
    if (send.disabled) return;
    send.disabled = true;
    try { await act((id) => document.getElementById(id).value.trim()); } finally { send.disabled = false; }
  } }, told && h("div", { className: "summary", role: "alert", id: "summary", tabindex: "-1" }, h("p", {}, told)), ...inside);
  return form;
};
const tellAgain = (message) => { told = message; render("summary"); };

// Setting up: the officer, signed in, binds this tablet to a visit and chooses its PIN.
let choices = null;
const askVisits = async () => {
  try {
    const answer = await fetch("/outreach/tablet/visits/", { headers: { "Accept-Language": language } });
    choices = await answer.json();
  } catch {
    choices = { message: say("no_link") };
  }
  render();
};
const setup = () => {
  if (!choices) {
    askVisits();
    return [say("setup"), h("p", { role: "status" }, say("asking"))];
  }
  if (!choices.visits) return [say("setup"), h("p", {}, choices.message), choices.sign_in && h("a", { className: "button", href: choices.sign_in }, say("sign_in")), button(say("retry"), askVisits, { className: "button quiet" })];
  if (!choices.visits.length) return [say("setup"), h("p", {}, say("no_visits"))];
  const fresh = !isOpen();
  return [say("setup"), asForm(register,
    h("fieldset", { className: "field" }, h("legend", {}, say("visit")), choices.visits.map((visit, number) => h("div", { className: "choice" },
      h("input", { type: "radio", name: "visit", id: number ? `visit-${number}` : "visit", value: visit.id, checked: choices.visits.length === 1 }),
      h("label", { htmlFor: number ? `visit-${number}` : "visit" }, `${visit.place}, ${visit.county} · ${date(visit.opens)}`)))),
    field("name", "tablet_name", { value: device()?.name ?? "", maxlength: "60" }),
    fresh && [h("p", { id: "pin-how", className: "hint" }, say("pin_how", { tries: MOST_TRIES, least: SHORTEST_PIN })),
      field("pin", "pin", { ...PIN, "aria-describedby": "pin-how" }), field("again", "pin_again", PIN)],
    h("button", { className: "button" }, say("set_up")))];
};
const isEasy = (pin) => /^(.)\1*$/.test(pin) || "01234567890123456789".includes(pin) || "98765432109876543210".includes(pin);
const register = async (value) => {
  const visit = document.querySelector("[name=visit]:checked")?.value, name = value("name"), fresh = !isOpen(), pin = fresh && value("pin");
  if (!visit) return tellAgain(say("choose_visit"));
  if (fresh && (pin.length < SHORTEST_PIN || isEasy(pin))) return tellAgain(say("pin_easy", { least: SHORTEST_PIN }));
  if (fresh && pin !== value("again")) return tellAgain(say("pin_differs"));
  let answer;
  try {
    answer = await fetch("/outreach/api/devices/", { method: "POST", body: JSON.stringify({ name, visit }),
      headers: { "Content-Type": "application/json", "X-CSRFToken": choices.csrf, "Accept-Language": language } });
  } catch {
    return tellAgain(say("no_link"));
  }
  const given = await answer.json().catch(() => ({}));
  if (answer.status !== 201) return tellAgain(given.message ?? say("server_wrong"));
  if (fresh) await create(pin);
  await change({ put: [{ id: "device", kind: "device", name, ...given }, freshCounter()], drop: ["pack"] });
  await navigator.storage?.persist?.();
  choices = null;
  await getPack();
};
const getPack = async () => {
  try {
    await takePack();
    progress.unknown = false;
  } catch (error) {
    told = error.message;
  }
  location.hash = "queue";
  await show();
};
/** Show the day, where all of it is here. */
const show = async () => {
  mode = "opening";
  await fetchScreens().catch(() => { told = say("no_link"); });
  if (!isOpen()) return; // it was locked meanwhile
  const here = screens && things.has("pack");
  mode = here ? "open" : "unable";
  if (here) {
    told = "";
    stir();
  }
  render("title");
  if (here) synchronise();
};
const unable = () => [say("setup"), h("p", {}, say("no_pack")), told && h("p", {}, told), button(say("retry"), screens ? getPack : () => location.reload())];

// The lock.
let kept = null;
const locked = () => {
  const left = MOST_TRIES - kept.tries, seconds = Math.ceil((kept.until - Date.now()) / 1000);
  return [say("locked"), asForm(enter, h("p", { id: "pin-how", className: "hint" }, say("pin_left", { tries: left })),
    seconds > 0 && h("p", { id: "slow" }, say("pin_wait", { seconds })),
    field("pin", "pin", { ...PIN, autocomplete: "off", "aria-describedby": "pin-how" }), h("button", { className: "button" }, say("unlock"))),
  h("details", {}, h("summary", {}, say("forgotten")), h("p", {}, say("forgotten_how")), button(say("erase"), async () => {
    if (confirm(say("erase_sure"))) { await erase(); over(say("erased_here")); }
  }, { className: "button danger" }))];
};
const enter = async (value) => {
  const pin = value("pin");
  if (!pin) return document.getElementById("pin").focus();
  const outcome = await unlock(pin);
  if (outcome === "erased") return over(say("erased_tries", { tries: MOST_TRIES }));
  if (outcome !== "open") {
    kept = await lockState();
    return tellAgain(say(outcome === "wait" ? "pin_early" : "pin_wrong"));
  }
  told = "";
  await (things.has("pack") ? show() : getPack());
};
const close = async () => {
  if (!isOpen() || mode === "locked") return;
  mode = "locked";
  told = "";
  clearTimeout(idle);
  main.replaceChildren(); // nothing is to be seen while the next lines run
  if (!progress.running) lock(); // while sending, the key is kept until it ends: the screen is closed all the same
  kept = await lockState();
  render("pin");
};
const stir = () => {
  clearTimeout(idle);
  if (mode === "open") idle = setTimeout(close, IDLE);
};
for (const sign of ["pointerdown", "keydown", "input"]) addEventListener(sign, stir, { passive: true });
// The camera hides the page: that does not lock it, unless it takes too long.
addEventListener("click", (event) => { if (event.target.type === "file") picking = Date.now(); });
addEventListener("change", (event) => { if (event.target.type === "file") picking = 0; }, true);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") return stir();
  if (Date.now() - picking > CAMERA) return close();
  clearTimeout(idle);
  idle = setTimeout(close, CAMERA);
});
addEventListener("pagehide", close);

let last = "";
const over = (message) => {
  mode = "erased";
  last = message;
  history.replaceState(null, "", location.pathname);
  render("title");
};
const erased = () => [say("erased"), h("p", { role: "alert" }, last), button(say("begin_again"), () => location.reload())];
const elsewhere = () => [say("elsewhere"), h("p", {}, say("elsewhere_how"))];

addEventListener("hashchange", () => { if (mode === "open") { told = ""; render("title"); } });
addEventListener("refresh", (event) => { if (mode === "open") render(event.detail); });
for (const name of ["online", "offline"]) addEventListener(name, report);
addEventListener("unhandledrejection", (event) => { said.textContent = event.reason?.name === "QuotaExceededError" ? say("full") : say("not_saved"); });

const start = async () => {
  if (!window.isSecureContext || !navigator.locks || !window.indexedDB) { told = say("unsafe"); mode = "unable"; return render(); }
  navigator.serviceWorker?.register(document.documentElement.dataset.worker);
  const waiting = setTimeout(() => { mode = "elsewhere"; render("title"); }, LETTING_GO); // one that was closed may be letting go still
  await alone();
  clearTimeout(waiting);
  begin(() => {
    if (mode === "locked" && !progress.running) lock();
    report();
    if (mode !== "open" || location.hash !== "#outbox") return;
    if (progress.running) document.getElementById("progress").value = progress.bytes + progress.records;
    else render();
  }, over);
  kept = await lockState();
  mode = kept ? "locked" : "setup";
  render(kept ? "pin" : undefined);
  fetchScreens().catch(() => {}); // asked for again when they are to be shown
};
start();
