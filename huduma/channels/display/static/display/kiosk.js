// The kiosk waits for the next person: it goes back by itself when nobody touches it.
"use strict";
const again = document.getElementById("again");
const back = () => setTimeout(() => location.assign(again.href), 15000);
let timer = back();
for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => { clearTimeout(timer); timer = back(); });
