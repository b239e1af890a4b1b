// Words in both languages, without a network, and the elements that they stand in.
const words = JSON.parse(document.getElementById("words").textContent);
export const LANGUAGES = Object.keys(words);
const asked = location.hash.slice(1);
const known = [LANGUAGES.includes(asked) ? asked : null, localStorage.getItem("language"), document.documentElement.lang];
export let language = known.find((one) => LANGUAGES.includes(one)) ?? "en";
if (asked === language) history.replaceState(null, "", location.pathname);

const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
/** The sentence of a key in the language that is spoken now. */
export const say = (key, values = {}) => fill(words[language][key] ?? key, values);
/** The same in every language, as texts of a form are. */
export const both = (key) => Object.fromEntries(LANGUAGES.map((one) => [one, words[one][key] ?? key]));
export const pick = (text) => (text && typeof text === "object" ? text[language] ?? text.en : text) ?? "";
export const speak = (chosen) => {
  language = document.documentElement.lang = chosen;
  localStorage.setItem("language", chosen);
};
document.documentElement.lang = language;

const PROPERTIES = new Set(["value", "checked", "selected", "disabled", "hidden", "htmlFor", "className"]);
/** An element: `about` are attributes, properties and `on…` listeners; what is null or false is left out. */
export const h = (tag, about = {}, ...inside) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...inside.flat(9).filter((one) => one !== null && one !== undefined && one !== false && one !== ""));
  return element;
};
export const button = (words, press, about = {}) => h("button", { type: "button", className: "button", onclick: press, ...about }, words);
export const time = (at) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Africa/Nairobi" });
export const date = (at) => new Date(at).toLocaleDateString(language === "sw" ? "sw-KE" : "en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "Africa/Nairobi" });
export const money = (minor) => `KSh ${(minor / 100).toLocaleString("en-KE", { minimumFractionDigits: 2 })}`;
export const grouped = (reference) => reference.replace(/^(..)(....)(....)(.)$/, "$1 $2 $3 $4");
export const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
