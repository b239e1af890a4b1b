// Keys of the counter: a letter presses the button that shows it. Off while somebody types, and off altogether where the box
// is not ticked (WCAG 2.2, 2.1.4); the choice stays on this machine.
"use strict";
const box = document.getElementById("keys");
box.checked = localStorage.getItem("keys") !== "off";
box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
  if (!box.checked || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  button.focus();
  button.click();
});
for (const form of document.forms) form.addEventListener("submit", () => setTimeout(() => {
  for (const button of form.querySelectorAll("button")) button.disabled = true;
}));
