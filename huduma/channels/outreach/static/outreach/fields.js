// A question as inputs with a label, a hint and its error; and what stands above a form in which something is wrong.
import { entryQuestions } from "./forms.js";
import { thumbnail } from "./photos.js";
import { uuid7 } from "./store.js";
import { button, h, megabytes, pick, say } from "./words.js";

/** The error summary: every problem in words, each leading to its input. */
export const summary = (wrong) => wrong.length > 0 && h("div", { className: "summary", role: "alert", tabindex: "-1", "aria-labelledby": "summary-title", id: "summary" },
  h("h2", { id: "summary-title" }, say("problem")),
  h("ul", {}, wrong.map(([id, text]) => h("li", {}, h("a", { href: `#${id}`, onclick: (event) => { event.preventDefault(); document.getElementById(id)?.focus(); } }, text())))));

/** Inputs for questions. `form`: {typed, wrong, changed(question), options(question), files(question), attach(question, files), detach(file)}. */
export const fields = (questions, form, at = "") => questions.map((question) => field(question, form, at));

const field = (question, form, at) => {
  const id = at + question.name, typed = form.typed, error = form.wrong.find(([where]) => where === id)?.[1]();
  const hint = question.help ?? question.hint;
  const notes = [hint && `${id}-hint`, error && `${id}-error`, question.type === "upload" && `${id}-kinds`].filter(Boolean).join(" ");
  const about = { "aria-describedby": notes || null, "aria-invalid": error ? "true" : null };
  const save = (value) => { typed[question.name] = value; form.changed(question); };
  const label = [pick(question.label), !question.required && [" ", h("span", { className: "soft" }, say("optional"))]];
  const said = [
    hint && h("p", { className: "hint", id: `${id}-hint` }, pick(hint)),
    error && h("p", { className: "error", id: `${id}-error` }, error),
  ];
  const box = (tag, ...inside) => h(tag, { className: error ? "field wrong" : "field", "aria-describedby": tag === "fieldset" ? notes || null : null }, inside);
  const value = typed[question.name];
  switch (question.type) {
    case "radios": case "checkboxes": {
      const many = question.type === "checkboxes", chosen = many ? value ?? [] : [value];
      const choose = (one) => save(many ? (chosen.includes(one) ? chosen.splice(chosen.indexOf(one), 1) : chosen.push(one), [...chosen]) : one);
      return box("fieldset", h("legend", {}, label), said, form.options(question).map(([option, words], number) => {
        const own = number ? `${id}-${number + 1}` : id;
        return h("div", { className: "choice" },
          h("input", { type: many ? "checkbox" : "radio", id: own, name: id, value: option, checked: chosen.includes(option), onchange: () => choose(option) }),
          h("label", { htmlFor: own }, pick(words)));
      }));
    }
    case "date": {
      const parts = { day: 2, month: 1, year: 0 }, now = [...`${value ?? ""}`.split("-"), "", "", ""].slice(0, 3);
      const put = (place, text) => {
        now[place] = text.trim();
        save(now.some(Boolean) ? now.map((part) => part.padStart(2, "0")).join("-") : undefined);
      };
      return box("fieldset", h("legend", {}, label), said, h("div", { className: "date" }, Object.entries(parts).map(([part, place]) => {
        const own = part === "day" ? id : `${id}-${part}`;
        return h("div", {}, h("label", { htmlFor: own }, say(part)), h("input", {
          id: own, className: part, inputmode: "numeric", maxlength: "4", value: now[place].replace(/^0+/, ""), oninput: (event) => put(place, event.target.value),
        }));
      })));
    }
    case "checkbox":
      return box("div", said[1], h("div", { className: "choice" },
        h("input", { type: "checkbox", id, checked: Boolean(value), ...about, onchange: (event) => save(event.target.checked || undefined) }),
        h("label", { htmlFor: id }, pick(question.label))), said[0]);
    case "group": return group(question, form, id, said, box);
    case "upload": return upload(question, form, id, label, said, about, box);
    case "textarea":
      return box("div", h("label", { htmlFor: id }, label), said, h("textarea", { id, rows: "5", value: value ?? "", ...about, oninput: (event) => save(event.target.value) }));
    case "select": case "county":
      return box("div", h("label", { htmlFor: id }, label), said, h("select", { id, ...about, onchange: (event) => save(event.target.value || undefined) },
        h("option", { value: "" }, say("choose")), form.options(question).map(([option, words]) => h("option", { value: option, selected: option === value }, pick(words)))));
    default:
      return box("div", h("label", { htmlFor: id }, label), said, h("input", {
        id, value: value ?? "", ...about, oninput: (event) => save(event.target.value), autocomplete: "off",
        type: { phone: "tel", email: "email" }[question.type] ?? "text", inputmode: question.type === "number" || question.digits ? "numeric" : null,
      }));
  }
};

const group = (question, form, id, said, box) => {
  const entries = form.typed[question.name] ?? [], most = question.schema.maxItems ?? 50;
  const set = (changed, focus) => {
    form.typed[question.name] = changed;
    form.changed(question, focus);
  };
  return box("div", h("h2", {}, pick(question.label)), said, entries.map((entry, number) => h("fieldset", { className: "entry" },
    h("legend", {}, `${pick(question.item)} ${number + 1}`),
    fields(entryQuestions(question, entry), { ...form, typed: entry }, `${id}-${number}-`),
    button([say("remove"), h("span", { className: "hidden" }, ` ${pick(question.item)} ${number + 1}`)], () => set(entries.filter((one) => one !== entry), id), { className: "button quiet" }))),
  entries.length < most && button(`${say(entries.length ? "add_another" : "add")} ${pick(question.item).toLowerCase()}`,
    () => set([...entries, { id: uuid7() }], `${id}-${entries.length}-${question.questions[0].name}`), { id, className: "button quiet" }));
};

const upload = (question, form, id, label, said, about, box) => {
  const kept = form.files(question), { accept, max_files: most, max_bytes: size } = question.upload;
  const kinds = accept.map((kind) => kind.toUpperCase()).join(", ");
  const take = async (event) => { await form.attach(question, [...event.target.files]); };
  return box("div", h("label", { htmlFor: id }, label), said,
    h("ul", { className: "files" }, kept.map((file) => h("li", {}, file.type.startsWith("image/") && thumbnail(file), ` ${megabytes(file.bytes)} MB `,
      button([say("remove"), h("span", { className: "hidden" }, ` ${pick(question.label)}`)], () => form.detach(file), { className: "button quiet" })))),
    kept.length < most && h("input", { type: "file", id, accept: "image/*", capture: "environment", ...about, onchange: take }),
    kept.length < most && h("p", { className: "hint", id: `${id}-kinds` }, say("photo_how", { kinds, size: megabytes(size) })),
    kept.length < most && [h("label", { className: "plain", htmlFor: `${id}-file` }, say("photo_file")),
      h("input", { type: "file", id: `${id}-file`, accept: accept.flatMap((kind) => (kind === "jpeg" ? [".jpeg", ".jpg"] : [`.${kind}`])).join(","), onchange: take })]);
};
