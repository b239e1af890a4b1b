// An application: who it is, the form's own pages, consent read aloud, a check, and the record. Every change is kept at once.
import * as day from "./day.js";
import { fields, summary } from "./fields.js";
import { answersOf, asked, given, problems, tidy } from "./forms.js";
import { signature, taken, thumbnail } from "./photos.js";
import { go, PHONE, refresh, SEX } from "./screens.js";
import { change, put, things } from "./store.js";
import { synchronise } from "./sync.js";
import { both, button, h, pick, say } from "./words.js";

const text = (name, more = {}) => ({ name, type: "text", label: both(name), ...more });
const PERSON = () => [
  text("id_number", { help: both("id_how"), schema: { format: "id-number" }, digits: true }),
  text("first_name", { required: true, schema: { maxLength: 100 } }), text("other_names", { schema: { maxLength: 100 } }),
  text("last_name", { required: true, schema: { maxLength: 100 } }),
  text("birth_date", { type: "date", not_after: "today", schema: { format: "date" } }), SEX, PHONE,
  text("card", { type: "upload", upload: { accept: ["jpeg", "png"], max_files: 1, max_bytes: day.pack().limits.photo_bytes } }),
];
const CONSENT = (by) => [
  { name: "agreed", type: "checkbox", required: true, label: both("agreed") },
  { name: "by", type: "radios", required: true, label: both("consent_by"), options: [["sign", both("by_sign")], ["word", both("by_word")]] },
  by === "word" && text("witness", { required: true, schema: { maxLength: 200 } }),
].filter(Boolean);
let wrong = [], shownFor = "", sending = null; // the draft that becomes a record: a second tap would take a second reference

const steps = (draft) => {
  const pages = day.service(draft.service)?.form?.pages ?? [];
  const facts = given(pages, answersOf(PERSON(), draft.person));
  const tidied = Object.fromEntries(pages.flatMap((page) => page.questions).map((one) => [one.name, tidy(one, draft.answers[one.name])]).filter(([, value]) => value !== undefined));
  return [
    { id: "person", title: say("who"), questions: PERSON(), typed: draft.person },
    ...asked(pages, tidied, facts).map((page) => ({ ...page, title: pick(page.title), intro: pick(page.intro), typed: draft.answers })),
    { id: "consent", title: say("consent"), questions: CONSENT(draft.consent.by), typed: draft.consent },
    { id: "check", title: say("check"), questions: [], typed: {} },
  ];
};

export const apply = (id) => {
  const draft = things.get(id);
  if (draft?.kind !== "draft") return [say("gone"), h("p", {}, h("a", { href: "#services" }, say("back")))];
  const all = steps(draft), place = Math.min(draft.step, all.length - 1), page = all[place];
  const here = `${id}/${page.id}`;
  if (shownFor !== here) wrong = [];
  shownFor = here;
  const files = (question) => draft.files.filter((file) => file.question === question.name);
  const names = () => steps(things.get(id))[place]?.questions.map((one) => one.name).join();
  const before = names();
  const about = {
    typed: page.typed, wrong, files,
    options: (question) => question.options ?? (question.type === "county" ? day.pack().counties.map((one) => [one.code, one.name]) : question.enum.map((one) => [one.value, one.label])),
    changed: (question, focus) => {
      const tell = (words) => document.getElementById("saved")?.replaceChildren(words);
      tell("");
      put(draft).then(() => tell(say("saved")));
      if (question.type === "group" || names() !== before) refresh(focus);
    },
    attach: async (question, chosen) => {
      const room = question.upload.max_files - files(question).length, kept = [];
      for (const one of chosen.slice(0, room)) kept.push(await taken(one, question.upload));
      wrong = wrong.filter(([where]) => where !== question.name);
      if (kept.includes(null)) wrong.push([question.name, () => say("wrong_photo", { label: pick(question.label) })]);
      const sound = kept.filter(Boolean);
      draft.files.push(...sound.map(({ file }) => ({ ...file, question: question.name })));
      await change({ put: [draft], files: sound.map(({ file, bytes }) => ({ id: file.id, bytes })) });
      refresh(question.name);
    },
    detach: async (file) => {
      draft.files.splice(draft.files.indexOf(file), 1);
      await change({ put: [draft], dropFiles: [file.id] });
      refresh(file.question);
    },
  };
  const move = async (to) => {
    draft.step = to;
    wrong = [];
    await put(draft);
    refresh("title");
    scrollTo(0, 0);
  };
  const onward = async (event) => {
    event.preventDefault();
    if (sending === id) return;
    wrong = faults(page, draft);
    if (wrong.length) return refresh("summary");
    if (page.id !== "check") return move(place + 1);
    sending = id;
    try { await finish(draft, all); } catch (error) { sending = null; throw error; }
  };
  return [page.title,
    h("p", {}, place ? button(say("back"), () => move(place - 1), { className: "link" }) : h("a", { href: "#services" }, say("back"))),
    h("p", { className: "soft" }, `${pick(day.service(draft.service)?.name)} – ${say("page_of", { number: place + 1, of: all.length })}`),
    page.intro && h("p", {}, page.intro),
    h("form", { novalidate: true, onsubmit: onward }, summary(wrong), page.id === "consent" && consentText(draft), fields(page.questions, about),
      page.id === "consent" && draft.consent.by === "sign" && sign(draft), page.id === "check" && checked(draft, all, move),
      h("p", { id: "saved", className: "soft", role: "status" }),
      h("button", { className: "button" }, say(page.id === "check" ? "take_in" : "go_on")), button(say("later"), () => go("services"), { className: "button quiet" }))];
};

const faults = (page, draft) => {
  if (page.id === "check") {
    return steps(draft).slice(0, -1).flatMap((one, number) => (faults(one, draft).length ? [[`section-${number}`, () => say("page_wrong", { page: one.title })]] : []));
  }
  const found = problems(page.questions, page.typed, (question) => draft.files.filter((file) => file.question === question.name).length);
  return page.id === "consent" && draft.consent.by === "sign" && !draft.signature ? [...found, ["by", () => say("no_signature")]] : found;
};

const words = (draft) => say("consent_text", { service: pick(day.service(draft.service)?.name), officer: day.pack().officer });
const consentText = (draft) => h("blockquote", { className: "panel" }, h("p", {}, words(draft)));
const sign = (draft) => h("div", { className: "field" }, draft.signature && h("p", {}, thumbnail(draft.signature), say("signed")),
  signature(async (made) => {
    const before = draft.signature;
    draft.signature = made?.file ?? null;
    await change({ put: [draft], files: made ? [{ id: made.file.id, bytes: made.bytes }] : [], dropFiles: before ? [before.id] : [] });
  }));

const shown = (question, typed, draft) => {
  const value = typed[question.name];
  if (question.type === "upload") return draft.files.filter((file) => file.question === question.name).map(thumbnail);
  if (question.type === "group") return `${value?.length ?? 0}`;
  if (question.type === "checkbox") return value ? say("yes") : "–";
  if (question.type === "county") return day.pack().counties.find((one) => one.code === value)?.name ?? "–";
  const options = question.options ?? question.enum?.map((one) => [one.value, one.label]);
  if (options) return [value].flat().map((one) => pick(options.find(([known]) => known === one)?.[1])).filter(Boolean).join(", ") || "–";
  return value || "–";
};
const checked = (draft, all, move) => all.slice(0, -1).map((page, number) => h("section", {}, h("h2", {}, page.title),
  h("dl", { className: "facts" }, page.questions.map((question) => h("div", {}, h("dt", {}, pick(question.label)), h("dd", {}, shown(question, page.typed, draft))))),
  button([say("change"), h("span", { className: "hidden" }, `: ${page.title}`)], () => move(number), { id: `section-${number}`, className: "button quiet" })));

const finish = async (draft, all) => {
  const pages = all.slice(1, -2), consent = answersOf(CONSENT(draft.consent.by), draft.consent);
  if (consent.by === "word" && draft.signature) {
    await change({ dropFiles: [draft.signature.id] });
    draft.signature = null;
  }
  try {
    const made = await day.sendDraft(draft, {
      person: answersOf(PERSON(), draft.person), answers: Object.assign({}, ...pages.map((page) => answersOf(page.questions, draft.answers))),
      consent: { text: words(draft), at: new Date().toISOString() }, witness: consent.witness,
    });
    go(`receipt/${made.id}`);
    synchronise();
  } catch (error) {
    if (!(error instanceof day.Refusal)) throw error;
    sending = null;
    wrong = [["section-0", () => error.message]];
    refresh("summary");
  }
};
