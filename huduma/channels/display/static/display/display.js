// The display: a stream of boards, spoken numbers, and a slow question now and then while the stream is broken.
"use strict";
const board = document.getElementById("board"), body = board.tBodies[0];
const lost = document.getElementById("lost"), sound = document.getElementById("sound");
const POLL_MS = 10000, SILENT_MS = 40000; // the stream says something every fifteen seconds
let known = new Set([...body.rows].map((row) => row.dataset.key)), timer = 0, speaking = false;

const WORDS = {
  en: { digits: "zero one two three four five six seven eight nine".split(" "), say: (n, c) => `Ticket ${n}, counter ${c}.` },
  sw: { digits: "sifuri moja mbili tatu nne tano sita saba nane tisa".split(" "), say: (n, c) => `Tiketi ${n}, kaunta ${c}.` },
};
const spoken = (text, words) => [...String(text)].map((c) => (/\d/.test(c) ? words.digits[c] : c)).join(" ");
const speak = (call) => {
  if (!speaking || !("speechSynthesis" in window)) return;
  for (const language of ["sw", "en"]) {
    const words = WORDS[language];
    const said = new SpeechSynthesisUtterance(words.say(spoken(call.number, words), spoken(call.counter, words)));
    said.lang = language === "sw" ? "sw-KE" : "en-KE";
    said.voice = speechSynthesis.getVoices().find((voice) => voice.lang.startsWith(language)) || null;
    said.rate = 0.9;
    speechSynthesis.speak(said);
  }
};

const show = (shown) => {
  lost.textContent = "";
  document.getElementById("waiting").textContent = shown.waiting;
  const fresh = shown.calls.filter((call) => !known.has(call.key));
  if (shown.calls.length) body.replaceChildren(...shown.calls.map((call) => {
    const row = document.createElement("tr");
    row.dataset.key = call.key;
    for (const text of [call.number, call.counter]) row.insertCell().textContent = text;
    if (fresh.includes(call)) row.className = "fresh";
    return row;
  }));
  else if (known.size) body.replaceChildren(); // a new day
  known = new Set(shown.calls.map((call) => call.key));
  document.body.dataset.shownAt = Date.now();
  fresh.reverse().forEach(speak);
};

const ask = async () => {
  try {
    const answer = await fetch(board.dataset.poll, { cache: "no-store" });
    if (answer.ok) show(await answer.json());
  } catch { lost.textContent = board.dataset.lost; }
};
const fallBack = () => { timer ||= setInterval(ask, POLL_MS); ask(); };
let source, silence = 0;
const alive = () => {
  clearTimeout(silence);
  silence = setTimeout(() => { source.close(); listen(); fallBack(); }, SILENT_MS); // a line that died without a word
};
const listen = () => {
  alive();
  source = new EventSource(board.dataset.stream);
  source.onopen = () => { clearInterval(timer); timer = 0; };
  source.onmessage = (event) => { alive(); show(JSON.parse(event.data)); };
  source.onerror = () => {
    fallBack();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, POLL_MS); // refused for good: the browser gave up, we do not
  };
};
listen();
addEventListener("online", () => { if (source.readyState !== EventSource.OPEN) { source.close(); listen(); } });
sound.addEventListener("click", () => {
  speaking = true;
  sound.hidden = true;
  if ("wakeLock" in navigator) navigator.wakeLock.request("screen").catch(() => {});
});
