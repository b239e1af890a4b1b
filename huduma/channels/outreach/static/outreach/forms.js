// What a form asks, what typed text means, and what is wrong with an answer: as huduma/contexts/applications/rules.py has it,
// which judges everything again when it arrives. A form is the pack's: pages of questions, conditions in JSON Schema 2020-12.
import { pick, say } from "./words.js";

const IDENTIFIERS = {
  "id-number": (typed) => shaped(typed.replace(/\s/g, ""), /^[0-9]{6,9}$/),
  "kra-pin": (typed) => shaped(typed.replace(/[\s-]/g, "").toUpperCase(), /^[AP][0-9]{9}[A-Z]$/),
  mobile: (typed) => shaped(phone(typed), /^\+254[17]\d{8}$|^\+(?!254)\d{8,15}$/),
};
const shaped = (typed, shape) => (shape.test(typed) ? typed : null);
const phone = (typed) => {
  const digits = typed.replace(/[\s()-]/g, "").replace(/^00/, "+").replace(/^0(?=\d{9}$)/, "+254").replace(/^(?=254\d{9}$)/, "+");
  return /^\+254\d{9}$|^\+(?!254)\d{8,15}$/.test(digits) ? digits : typed;
};
const isDate = (value) => /^(?!0000)\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) && new Date(value).toISOString().startsWith(value);
const FORMATS = { date: isDate, ...Object.fromEntries(Object.entries(IDENTIFIERS).map(([name, tidy]) => [name, (value) => tidy(value) === value])) };
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const TYPES = {
  string: (value) => typeof value === "string", integer: Number.isInteger, number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean", array: Array.isArray, object: isObject, null: (value) => value === null,
};
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const RULES = {
  type: (value, kinds) => [kinds].flat().some((kind) => TYPES[kind](value)),
  enum: (value, taken) => taken.some((one) => same(one, value)),
  const: same,
  pattern: (value, shape) => typeof value !== "string" || new RegExp(shape, "u").test(value),
  format: (value, name) => typeof value !== "string" || !FORMATS[name] || FORMATS[name](value),
  minLength: (value, limit) => typeof value !== "string" || [...value].length >= limit,
  maxLength: (value, limit) => typeof value !== "string" || [...value].length <= limit,
  minimum: (value, limit) => typeof value !== "number" || value >= limit,
  maximum: (value, limit) => typeof value !== "number" || value <= limit,
  exclusiveMinimum: (value, limit) => typeof value !== "number" || value > limit,
  exclusiveMaximum: (value, limit) => typeof value !== "number" || value < limit,
  minItems: (value, limit) => !Array.isArray(value) || value.length >= limit,
  maxItems: (value, limit) => !Array.isArray(value) || value.length <= limit,
  uniqueItems: (value) => !Array.isArray(value) || new Set(value.map((one) => JSON.stringify(one))).size === value.length,
  items: (value, schema) => !Array.isArray(value) || value.every((one) => holds(schema, one)),
  contains: (value, schema) => !Array.isArray(value) || value.some((one) => holds(schema, one)),
  required: (value, names) => !isObject(value) || names.every((name) => value[name] !== undefined),
  properties: (value, schemas) => !isObject(value) || Object.entries(schemas).every(([name, schema]) => value[name] === undefined || holds(schema, value[name])),
  not: (value, schema) => !holds(schema, value),
  anyOf: (value, schemas) => schemas.some((schema) => holds(schema, value)),
  allOf: (value, schemas) => schemas.every((schema) => holds(schema, value)),
  oneOf: (value, schemas) => schemas.filter((schema) => holds(schema, value)).length === 1,
};
const broken = (schema, value) => Object.keys(schema).find((rule) => RULES[rule] && !RULES[rule](value, schema[rule]));
/** Whether a JSON Schema holds for a value; none always does. Rules that are not known here are left to the server. */
export const holds = (schema, value) => schema === null || schema === undefined || schema === true || (schema !== false && !broken(schema, value));

const isGroup = (question) => question.type === "group";
const counts = (questions, answers) => Object.fromEntries(
  questions.filter((one) => isGroup(one) && Array.isArray(answers[one.name])).map((one) => [`${one.name}_count`, answers[one.name].length]));

/** The pages to be answered, in order, each with the questions that are asked over what is `given` and what was answered before. */
export const asked = (pages, answers, given = {}) => {
  let said = { ...given };
  const found = [];
  for (const page of pages) {
    if (!holds(page.condition, said)) continue;
    const questions = [];
    for (const question of page.questions) {
      if (given[question.name] !== undefined || !holds(question.condition, said)) continue;
      questions.push(question);
      const value = answers[question.name];
      if (value !== undefined) said = { ...said, [question.name]: value, ...counts([question], answers) };
    }
    if (questions.length || !page.questions.length) found.push({ ...page, questions });
  }
  return found;
};
const inside = (question, entry) => asked([{ questions: question.questions }], entry)[0].questions;
/** The questions of one entry of a group that are asked. */
export const entryQuestions = inside;

/** What typed text means; undefined is no answer. Text that means nothing stays as it was typed. */
export const tidy = (question, value) => {
  if (isGroup(question)) {
    return value?.map((entry) => ({ id: entry.id, ...answersOf(inside(question, entry), entry) }));
  }
  if (value === undefined || value === null || value === false || (Array.isArray(value) && !value.length)) return undefined;
  if (typeof value !== "string") return value;
  let said = value.replace(/\0/g, "").trim().slice(0, 4000);
  if (question.type !== "textarea") said = said.replace(/\s+/g, " ");
  if (!said) return undefined;
  if (question.type === "number") {
    const digits = said.replace(/[, ]/g, "");
    return /^-?\d{1,15}$/.test(digits) ? Number(digits) : said;
  }
  if (question.type === "phone") said = phone(said);
  return IDENTIFIERS[question.schema?.format]?.(said) ?? said;
};
/** The tidy answers to some questions; files are kept apart. */
export const answersOf = (questions, typed) => Object.fromEntries(
  questions.filter((one) => one.type !== "upload").map((one) => [one.name, tidy(one, typed[one.name])]).filter(([, value]) => value !== undefined));

/** What is wrong, as [id of the input, what says the sentence in the language spoken then]. `files(question)`: how many files a question has. `at`: what begins the ids. */
export const problems = (questions, typed, files = () => 0, at = "") => questions.flatMap((question) => {
  const id = at + question.name, value = tidy(question, typed[question.name]);
  const missing = question.type === "upload" ? !files(question) : value === undefined;
  if (missing) return question.required ? [[id, sentence(question, "required")]] : [];
  if (question.type === "upload") return [];
  if (isGroup(question)) {
    const found = value.flatMap((entry, number) => problems(inside(question, entry), entry, files, `${id}-${number}-`));
    const { minItems, maxItems } = question.schema;
    const rule = broken({ ...(minItems && { minItems }), ...(maxItems && { maxItems }) }, value);
    return rule ? [[id, sentence(question, rule, question.schema[rule])], ...found] : found;
  }
  const today = new Date().toLocaleDateString("en-CA", { timeZone: "Africa/Nairobi" });
  let rule = question.type === "phone" && !value.startsWith("+") ? "format" : broken(question.schema ?? {}, value);
  if (!rule && question.type === "date" && !isDate(value)) rule = "format";
  if (!rule && question.not_after === "today" && value > today) rule = "future";
  if (!rule && question.not_before === "today" && value < today) rule = "past";
  return rule ? [[id, sentence(question, rule, question.schema?.[rule])]] : [];
});

const WORDED = ["required", "maxLength", "minLength", "maximum", "minimum", "enum", "future", "past", "minItems", "maxItems", "type", "format"];
const sentence = (question, rule, limit) => () => {
  if (question.error && !["minItems", "maxItems"].includes(rule)) return pick(question.error);
  const key = question.type === "date" && rule !== "required" && !["future", "past"].includes(rule) ? "date" : WORDED.includes(rule) ? rule : "other";
  return say(`wrong_${key}`, { label: pick(question.label).replace(/[?:]+$/, ""), limit });
};

/** What registers would vouch for, from what the person said: such questions are not asked twice. */
export const given = (pages, person) => {
  const names = [person.first_name, person.other_names, person.last_name].filter(Boolean).join(" ");
  const facts = {
    "person.full_name": names, "person.surname": person.last_name, "person.first_name": person.first_name,
    "person.other_names": person.other_names, "person.id_number": person.id_number, "person.birth_date": person.birth_date, "person.sex": person.sex,
  };
  return Object.fromEntries(pages.flatMap((page) => page.questions).filter((one) => facts[one.prefill]).map((one) => [one.name, facts[one.prefill]]));
};
