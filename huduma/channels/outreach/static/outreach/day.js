// A day's work without a network: numbers from the blocks, tickets, applications and receipts, each kept as a record to be sent.
import { all, change, put, readFile, things, uuid7 } from "./store.js";
import { language, say } from "./words.js";

const CHECK = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
export const PRIORITIES = ["elderly", "disability", "pregnant", "infant"];
/** A refusal that people read. */
export class Refusal extends Error {}

export const device = () => things.get("device");
export const pack = () => things.get("pack").content;
export const service = (code) => pack().services.find((one) => one.code === code);
/** Whether a service can be applied for here: by people, with a form. */
export const isApplied = (one) => one.form?.applicant === "person";
const counter = () => things.get("counter");
/** Numbers begin anew with each registration; what was done is counted on. */
export const freshCounter = () => ({ id: "counter", kind: "counter", tickets: 0, receipts: 0, used: [], done: counter()?.done ?? {} });

const number = (range, place) => `${range.prefix}${String(range.first + place).padStart(3, "0")}`;
const numbers = (kind) => pack().blocks[kind].flatMap((range) => Array.from({ length: range.last - range.first + 1 }, (_, place) => number(range, place)));
const free = (kind) => numbers(kind).slice(counter()[kind]).filter((one) => !counter().used.includes(one));
const freeReferences = () => pack().blocks.references.filter((one) => !counter().used.includes(one));
/** How many of each are left. */
export const left = () => ({ tickets: free("tickets").length, receipts: free("receipts").length, references: freeReferences().length });

// A number is taken from the counter at once, and kept with what it was taken for in one write: twice is not possible.
const next = (kind) => {
  const found = kind === "references" ? freeReferences()[0] : free(kind)[0];
  if (!found) throw new Refusal(say("no_numbers"));
  if (kind === "references") counter().used.push(found);
  else counter()[kind] = numbers(kind).indexOf(found) + 1;
  return found;
};

const record = (id, kind, body, label, files = []) => ({
  id, kind: "record", state: "new", message: "", label, files, record: { id, kind, made_at: new Date().toISOString(), body },
});
const without = (facts) => Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== "" && value !== null));

/** Those who wait: priority before the others, each in the order in which they came. */
export const waiting = () => all("ticket").filter((one) => one.state === "waiting")
  .sort((one, other) => Boolean(other.priority) - Boolean(one.priority) || (one.id < other.id ? -1 : 1));
export const called = () => all("ticket").find((one) => one.state === "called");

export const takeTicket = async (about) => {
  const ticket = { id: uuid7(), kind: "ticket", state: "waiting", language, ...without(about), number: next("tickets"), taken_at: new Date().toISOString() };
  await put(counter(), ticket);
  return ticket;
};
export const call = (ticket) => put({ ...ticket, state: "called", called_at: new Date().toISOString() });
export const putBack = (ticket) => put({ ...ticket, state: "waiting" });
/** The person was served (`done`), or not (`not-done`: absent, left, or could not be helped). */
export const finish = (ticket, outcome) => {
  const now = new Date().toISOString();
  const { service: code, priority, phone, sex, age_band } = ticket;
  const body = { number: ticket.number, language: ticket.language, outcome, called_at: ticket.called_at ?? now, finished_at: now, service: code, ...without({ priority, phone, sex, age_band }) };
  return put(record(ticket.id, "ticket", body, ticket.number)); // the record takes the ticket's place
};

export const newDraft = async (code, ticket) => {
  const draft = { id: uuid7(), kind: "draft", service: code, version: service(code).version, step: 0, ticket: ticket?.id ?? null,
    person: without({ phone: ticket?.phone, sex: ticket?.sex }), answers: {}, consent: {}, files: [], signature: null, began_at: new Date().toISOString() };
  await put(draft);
  return draft;
};
export const dropDraft = (draft) => change({ drop: [draft.id], dropFiles: [...draft.files, draft.signature].filter(Boolean).map((file) => file.id) });

/** An application, complete: the draft becomes a record in one write. `said`: {person, answers, consent} in tidy form. */
export const sendDraft = async (draft, said) => {
  const before = draft.replaces && things.get(draft.replaces);
  const reference = before ? before.record.body.reference : next("references");
  const card = draft.files.find((file) => file.question === "card");
  const files = draft.files.filter((file) => file.question !== "card");
  const body = {
    reference, service: draft.service, version: draft.version, person: said.person, answers: said.answers, files,
    consent: said.consent, signature: draft.signature && { file: draft.signature.id },
    ...(card && { card: { file: card.id } }), ...(said.witness && { witness: said.witness }), ...(draft.ticket && { ticket: draft.ticket }),
  };
  const sent = [...draft.files, draft.signature].filter(Boolean).map(({ id, type, bytes, sha256 }) => ({ id, type, bytes, sha256, sent: false }));
  const name = `${said.person.first_name} ${said.person.last_name}`;
  const made = record(draft.id, "application", body, name, sent);
  await change({ put: [counter(), made], drop: before ? [before.id] : [], dropFiles: before ? before.files.map((file) => file.id) : [] });
  return made;
};
/** A refused application, opened again to be corrected. Its files get new ids: of the old ones, pieces may have arrived. */
export const correct = async (refused) => {
  const { body } = refused.record, about = (id) => refused.files.find((file) => file.id === id);
  const named = [...body.files, ...(body.card ? [{ ...about(body.card.file), question: "card", name: "card" }] : [])];
  const copies = await Promise.all(named.map(async ({ id, question, name, type, bytes, sha256 }) => (
    { file: { id: uuid7(), question, name, type, bytes, sha256 }, bytes: await readFile(id) })));
  const draft = { id: uuid7(), kind: "draft", service: body.service, version: service(body.service)?.version ?? body.version, step: 0, ticket: body.ticket ?? null,
    person: body.person, answers: body.answers, consent: {}, replaces: refused.id, began_at: refused.record.made_at, signature: null, files: copies.map((one) => one.file) };
  await change({ put: [draft], files: copies.map(({ file, bytes }) => ({ id: file.id, bytes })) });
  return draft;
};

export const takeReceipt = async ({ application, reference, amount, payer_name, phone }) => {
  const body = without({ number: next("receipts"), application, reference, amount_minor: amount * 100, currency: "KES", payer_name, phone, at: new Date().toISOString() });
  const made = record(uuid7(), "receipt", body, body.number);
  await put(counter(), made);
  return made;
};

/** A number that was used by mistake: it is used up, and what it was for is not sent. */
export const voidNumber = async (typed, reason) => {
  const said = typed.toUpperCase().replace(/\s/g, ""), ours = [...numbers("tickets"), ...numbers("receipts"), ...pack().blocks.references];
  const about = all("record").find((one) => [one.record.body.number, one.record.body.reference].includes(said) && one.record.kind !== "receipt" || one.record.body.number === said);
  const ticket = all("ticket").find((one) => one.number === said);
  if (!about && !ticket && !ours.includes(said)) throw new Refusal(say("not_ours"));
  if (about && about.state !== "new" || !about && !ticket && isGone(said)) throw new Refusal(say("sent_already"));
  counter().used.push(said);
  const made = record(uuid7(), "void", { number: said, reason }, said);
  await change({ put: [counter(), made], drop: [about?.id, ticket?.id].filter(Boolean), dropFiles: about?.files.map((file) => file.id) ?? [] });
};
// A number that was used, and whose record is no longer here: the server has it.
const isGone = (said) => counter().used.includes(said) || numbers("tickets").slice(0, counter().tickets).includes(said) || numbers("receipts").slice(0, counter().receipts).includes(said);

/** The reference that somebody typed, or null where its check character does not agree (ISO/IEC 7064 MOD 37,36). */
export const readReference = (typed) => {
  const compact = typed.toUpperCase().replace(/[^0-9A-Z]/g, "");
  if (!/^[A-Z]{2}[0-9A-Z]{9}$/.test(compact)) return null;
  const said = compact.slice(0, 2) + compact.slice(2).replaceAll("O", "0").replace(/[IL]/g, "1").replaceAll("U", "V");
  let remainder = 36;
  for (const character of said.slice(0, -1)) {
    remainder = (remainder + CHECK.indexOf(character)) % 36 || 36;
    remainder = remainder * 2 % 37;
  }
  return CHECK[(37 - remainder) % 36] === said.at(-1) ? said : null;
};

/** Records that the server has not finished with. */
export const unsynced = () => all("record").filter((one) => !["done", "refused"].includes(one.state)).length;
/** The server has done what a record says: it is deleted here, and counted. */
export const settle = (made) => {
  const { done } = counter(), kind = made.record.kind;
  done[kind] = (done[kind] ?? 0) + 1;
  return change({ put: [counter()], drop: [made.id], dropFiles: made.files.map((file) => file.id) });
};
/** Delete what was refused and cannot be corrected. */
export const putAway = (made) => change({ drop: [made.id], dropFiles: made.files.map((file) => file.id) });
