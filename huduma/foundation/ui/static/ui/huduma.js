// Two comforts on top of pages that work without them: answers are saved while they are typed, and a waiting page renews itself.
"use strict";
for (const form of document.querySelectorAll("form[data-autosave]")) {
  const status = form.querySelector("[data-status]");
  let timer = 0, sent = "";
  const save = async () => {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") data.append(name, value);
    if (data.toString() === sent) return;
    sent = data.toString();
    data.append("autosave", "1");
    try {
      const answer = await fetch(location.href, { method: "POST", body: data });
      status.textContent = answer.ok ? form.dataset.saved : form.dataset.lost;
    } catch {
      sent = "";
      status.textContent = form.dataset.offline;
    }
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 800); });
  form.addEventListener("submit", () => clearTimeout(timer));
  addEventListener("pagehide", () => clearTimeout(timer));
}
const poll = () => {
  const live = document.querySelector("#live[data-poll]");
  if (live) setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#live");
      if (answer.ok && fresh && fresh.innerHTML !== live.innerHTML) live.replaceWith(document.adoptNode(fresh));
    } catch { /* no network: the next round tries again */ }
    poll();
  }, live.dataset.poll * 1000);
};
poll();
