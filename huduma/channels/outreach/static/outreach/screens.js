// The screens of a day: the queue, the services, what was made and how far it is sent, receipts.
import * as day from "./day.js";
import { fields, summary } from "./fields.js";
import { answersOf, problems } from "./forms.js";
import { all, put, things } from "./store.js";
import { progress, synchronise } from "./sync.js";
import { both, button, date, grouped, h, megabytes, money, pick, say, time } from "./words.js";

export const go = (to) => { location.hash = to; };
/** Show the screen again; `focus` is the id of what is to have the focus. */
export const refresh = (focus) => dispatchEvent(new CustomEvent("refresh", { detail: focus }));
const wrong = {}; // what is wrong in each form of ours, by its name

const text = (name, label, more = {}) => ({ name, type: "text", label: both(label), ...more });
const choice = (name, label, options, more = {}) => ({ name, type: "radios", label: both(label), options, ...more });
const phone = text("phone", "phone", { type: "phone", help: both("phone_how"), schema: { format: "mobile" } });
export const SEX = choice("sex", "sex", ["F", "M", "X"].map((one) => [one, both(`sex_${one}`)]));
export const PHONE = phone;

/** A form of our own: what is typed is kept, encrypted, until it is done. `act(said)` may raise a Refusal. */
const form = (name, questions, words, act, first = {}) => {
  const kept = things.get("typed") ?? { id: "typed", kind: "typed" };
  const typed = kept[name] ??= { ...first };
  const at = `${name}-`;
  let busy = false; // a second tap would take a second number
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    wrong[name] = problems(questions, typed, undefined, at);
    if (!wrong[name].length) {
      busy = true;
      try {
        const said = answersOf(questions, typed);
        delete kept[name];
        await act(said);
        await put(kept);
        return;
      } catch (error) {
        busy = false;
        if (!(error instanceof day.Refusal)) throw error;
        kept[name] = typed;
        wrong[name] = [[at + questions[0].name, () => error.message]];
      }
    }
    refresh("summary");
  };
  const about = { typed, wrong: wrong[name] ?? [], options: (question) => question.options, changed: () => put(kept) };
  return h("form", { novalidate: true, onsubmit: submit }, summary(about.wrong), fields(questions, about, at), h("button", { className: "button" }, say(words)));
};

const serviceOptions = () => day.pack().services.map((one) => [one.code, one.name]);
const nameOf = (code) => pick(day.service(code)?.name ?? code);

const beingServed = (ticket) => {
  const service = day.service(ticket.service);
  const end = (outcome) => async () => { await day.finish(ticket, outcome); refresh("next"); synchronise(); };
  return h("section", { className: "panel" }, h("h2", {}, say("serving")), h("p", { className: "number" }, ticket.number),
    h("p", {}, nameOf(ticket.service), ticket.priority && ` · ${say(ticket.priority)}`),
    service && day.isApplied(service) && button(say("apply"), async () => go(`apply/${(await day.newDraft(ticket.service, ticket)).id}`)),
    button(say("done"), end("done")), button(say("not_done"), end("not-done"), { className: "button quiet" }),
    button(say("absent"), end("not-done"), { className: "button quiet" }),
    button(say("put_back"), async () => { await day.putBack(ticket); refresh("next"); }, { className: "button quiet" }));
};

export const queue = () => {
  const waiting = day.waiting(), now = day.called(), { visit } = day.pack();
  const questions = [
    { ...choice("service", "service", serviceOptions(), { required: true }), type: "select" },
    choice("priority", "priority", [["", both("none")], ...day.PRIORITIES.map((one) => [one, both(one)])]),
    phone, SEX, choice("age_band", "age", ["0-17", "18-34", "35-59", "60+"].map((one) => [one, one])),
  ];
  const give = async (said) => {
    const ticket = await day.takeTicket(said);
    go(`ticket/${ticket.id}`);
  };
  return [say("queue"), h("p", { className: "soft" }, `${visit.place}, ${visit.county.name} · ${date(visit.opens)}`),
    now && beingServed(now),
    button(say("next", { n: waiting.length }), async () => { await day.call(waiting[0]); refresh("next"); }, { id: "next", disabled: !waiting.length || Boolean(now) }),
    waiting.length > 0 && h("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": say("waiting") }, h("table", {}, h("caption", {}, say("waiting")),
      h("thead", {}, h("tr", {}, ["ticket", "service", "priority", "since"].map((key) => h("th", { scope: "col" }, say(key))))),
      h("tbody", {}, waiting.map((one) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: `#ticket/${one.id}` }, one.number)),
        h("td", {}, nameOf(one.service)), h("td", {}, one.priority ? say(one.priority) : ""), h("td", {}, time(one.taken_at))))))),
    h("h2", {}, say("give_ticket")), form("ticket", questions, "give_ticket", give, { priority: "", service: serviceOptions().length === 1 ? serviceOptions()[0][0] : undefined })];
};

export const ticket = (id) => {
  const one = things.get(id);
  if (one?.kind !== "ticket") return [say("gone"), back("queue")];
  return [say("ticket_of"), h("p", { className: "number" }, one.number), h("p", {}, nameOf(one.service)), h("p", {}, `${day.pack().visit.place} · ${date(one.taken_at)}, ${time(one.taken_at)}`),
    button(say("print"), () => print()), button(say("to_queue"), () => go("queue")),
    button(say("void"), () => go(`void/${one.number}`), { className: "button quiet" })];
};
const back = (to) => h("p", {}, h("a", { href: `#${to}` }, say("back")));

export const services = () => [say("services"),
  all("draft").length > 0 && [h("h2", {}, say("drafts")), h("ul", { className: "cards" }, all("draft").map((draft) => h("li", {},
    h("a", { href: `#apply/${draft.id}` }, [draft.person.first_name, draft.person.last_name].filter(Boolean).join(" ") || say("no_name")),
    h("p", {}, `${nameOf(draft.service)} · ${time(draft.began_at)}`),
    button(say("drop_draft"), async () => { if (confirm(say("drop_sure"))) { await day.dropDraft(draft); refresh(); } }, { className: "button quiet" }))))],
  h("ul", { className: "cards" }, day.pack().services.map((one) => h("li", {}, h("a", { href: `#service/${one.code}` }, pick(one.name))))),
  h("h2", {}, say("take_cash")), h("p", {}, say("cash_how")), button(say("take_cash"), () => go("cash"), { className: "button quiet" }),
  button(say("void"), () => go("void"), { className: "button quiet" })];

const duration = ({ value, min, unit }) => say(`unit_${unit}`, { n: min && min !== value ? `${min}–${value}` : value });
export const service = (code) => {
  const one = day.service(code);
  if (!one) return [say("gone"), back("services")];
  const { description, requirements = [], turnaround, fee_kes: fee } = one.charter;
  return [pick(one.name), back("services"), h("p", {}, pick(description)), h("dl", { className: "facts" },
    h("div", {}, h("dt", {}, say("needed")), h("dd", {}, h("ul", {}, requirements.map((what) => h("li", {}, pick(what)))))),
    one.fee_minor !== null ? h("div", {}, h("dt", {}, say("fee")), h("dd", {}, one.fee_minor ? money(one.fee_minor) : say("free")))
      : Array.isArray(fee) && h("div", {}, h("dt", {}, say("fee")), h("dd", {}, h("ul", {}, fee.map((item) => h("li", {}, `${money(item.amount * 100)} `, pick(item.condition)))))),
    turnaround && h("div", {}, h("dt", {}, say("takes")), h("dd", {}, duration(turnaround)))),
  day.isApplied(one) ? button(say("apply"), async () => go(`apply/${(await day.newDraft(code)).id}`)) : h("p", {}, say("not_here"))];
};

/** Cash for an application that was made here, or by its reference. */
export const cash = (id) => {
  const about = id && things.get(id), body = about?.record.body;
  const fee = body && day.service(body.service)?.fee_minor;
  const questions = [
    !body && text("reference", "reference", { required: true, help: both("reference_how") }),
    text("amount", "amount", { type: "number", required: true, schema: { type: "integer", minimum: 1, maximum: 1000000 } }),
    text("payer_name", "payer", { required: true, schema: { maxLength: 200 } }), phone,
  ].filter(Boolean);
  const take = async (said) => {
    const reference = body ? body.reference : day.readReference(said.reference);
    if (!reference) throw new day.Refusal(say("wrong_reference"));
    const made = await day.takeReceipt({ ...said, reference, application: about?.id ?? all("record").find((one) => one.record.body.reference === reference && one.record.kind === "application")?.id });
    go(`receipt/${made.id}`);
    synchronise();
  };
  const first = { amount: fee ? String(fee / 100) : undefined, payer_name: body && about.label, phone: body?.person.phone };
  return [say("take_cash"), back("services"), body && h("p", {}, `${nameOf(body.service)} · ${grouped(body.reference)}`), form(`cash-${id ?? ""}`, questions, "give_receipt", take, first)];
};

/** What a person gets: that their application was taken in, or that they paid. */
export const receipt = (id) => {
  const made = things.get(id);
  if (!made?.record) return [say("sent_gone"), back("queue")];
  const { kind, body, made_at: at } = made.record, { visit, officer } = day.pack();
  const facts = kind === "receipt"
    ? { amount: money(body.amount_minor), payer: body.payer_name, reference: grouped(body.reference) }
    : { applicant: made.label, service: nameOf(body.service) };
  const fee = kind === "application" && day.service(body.service)?.fee_minor;
  return [say(kind === "receipt" ? "receipt" : "taken_in"), h("p", { className: "number" }, kind === "receipt" ? body.number : grouped(body.reference)),
    h("dl", { className: "facts" }, Object.entries({ ...facts, place: `${visit.place}, ${visit.county.name}`, at: `${date(at)}, ${time(at)}`, officer })
      .map(([key, value]) => h("div", {}, h("dt", {}, say(key)), h("dd", {}, value)))),
    h("p", {}, say(kind === "receipt" ? "receipt_how" : "taken_how")),
    button(say("print"), () => print()), fee > 0 && button(say("take_cash"), () => go(`cash/${id}`), { className: "button quiet" }), button(say("to_queue"), () => go("queue"), { className: "button quiet" })];
};

export const voiding = (number) => [say("void"), back("services"), h("p", {}, say("void_how")), form(`void-${number ?? ""}`, [
  text("number", "number", { required: true }), text("reason", "reason", { required: true, type: "textarea", schema: { maxLength: 400 } }),
], "void", async (said) => { await day.voidNumber(said.number, said.reason); go("outbox"); synchronise(); }, { number })];

const STATES = { new: "warn", stored: "", conflict: "warn", refused: "bad" };
const ORDER = ["refused", "conflict", "new", "stored"];
const line = (made) => {
  const { kind } = made.record;
  return h("li", {}, h("a", { href: `#${["application", "receipt"].includes(kind) ? `receipt/${made.id}` : "outbox"}` }, `${say(`kind_${kind}`)} ${made.label}`), " ",
    h("span", { className: `tag ${STATES[made.state]}` }, say(made.state === "stored" && made.files.some((file) => !file.sent) ? "state_files" : `state_${made.state}`)), made.message && h("p", {}, made.message),
    made.state === "refused" && kind === "application" && button(say("correct"), async () => go(`apply/${(await day.correct(made)).id}`)),
    made.state === "refused" && button(say("put_away"), async () => { if (confirm(say("put_away_sure"))) { await day.putAway(made); refresh(); } }, { className: "button quiet" }));
};

export const status = () => {
  if (progress.running) return say("sending", { n: progress.records, of: progress.ofRecords, mb: megabytes(progress.bytes), of_mb: megabytes(progress.ofBytes) });
  const waiting = day.unsynced();
  if (!navigator.onLine) return say("offline", { n: waiting });
  if (progress.problem) return progress.problem();
  return waiting ? say("to_send", { n: waiting }) : say("all_sent");
};

const SHOWN = 100;
export const outbox = () => {
  const records = all("record").sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || (one.id < other.id ? 1 : -1));
  const { done } = things.get("counter"), left = day.left(), room = h("dd", {}, "–");
  navigator.storage?.estimate().then(({ usage, quota }) => { room.textContent = say("room", { used: megabytes(usage), free: megabytes(quota - usage) }); });
  const kinds = Object.entries(done).map(([kind, n]) => `${say(`kind_${kind}`)}: ${n}`).join(", ");
  return [say("outbox"),
    h("progress", { id: "progress", "aria-label": say("outbox"), max: String(progress.ofBytes + progress.ofRecords || 1), value: progress.running ? progress.bytes + progress.records : Number(!records.length) }),
    h("p", {}, button(say("send_now"), () => synchronise(), { id: "send" }), progress.unknown && h("a", { className: "button quiet", href: "#setup" }, say("register_again"))),
    records.length ? h("ul", { className: "cards" }, records.slice(0, SHOWN).map(line)) : h("p", {}, say("nothing_left")),
    records.length > SHOWN && h("p", {}, say("and_more", { n: records.length - SHOWN })),
    h("dl", { className: "facts" }, [["counted", h("dd", {}, kinds || "–")],
      ["numbers_left", h("dd", {}, say("numbers", left))], ["storage", room], ["valid", h("dd", {}, date(day.pack().valid_until))]]
      .map(([key, value]) => h("div", {}, h("dt", {}, say(key)), value))),
    records.length === 0 && all("draft").length === 0 && all("ticket").length === 0 && h("p", {}, h("a", { href: "#setup" }, say("another_visit")))];
};
