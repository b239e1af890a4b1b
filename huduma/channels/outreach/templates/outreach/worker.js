// Keeps the page of a tablet and what it is made of, and gives it without a network. Records never pass through here.
"use strict";
const CACHE = "{{ cache }}", shell = {{ shell|safe }};
addEventListener("install", (event) => event.waitUntil(
  caches.open(CACHE).then((kept) => kept.addAll(shell.map((one) => new Request(one, { cache: "no-cache" }))))));
addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("huduma-tablet-") && name !== CACHE) await caches.delete(name);
  await clients.claim();
})()));
addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  const wanted = origin === location.origin && event.request.method === "GET" && shell.includes(pathname) ? pathname : null;
  if (wanted) event.respondWith(caches.open(CACHE).then((kept) => kept.match(wanted)).then((known) => known ?? fetch(event.request)));
});
