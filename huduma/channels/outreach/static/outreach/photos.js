// Photos made small before they are kept, and a signature by finger or pen.
import { readFile, uuid7 } from "./store.js";
import { button, h, say } from "./words.js";

const LONGEST_SIDE = 2000, SMALLEST_SIDE = 300;
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const described = async (blob, name) => {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const sha256 = hex(await crypto.subtle.digest("SHA-256", bytes));
  return { file: { id: uuid7(), name, type: blob.type, bytes: bytes.length, sha256 }, bytes };
};

/** A file as it is kept: a photo is drawn anew, smaller until it fits (which leaves out where and with what it was taken); a PDF
 *  stays as it is. Returns {file, bytes}, or null where it cannot be taken. `upload`: {accept, max_bytes}. */
export const taken = async (chosen, upload) => {
  if (chosen.type === "application/pdf") {
    return upload.accept.includes("pdf") && chosen.size <= upload.max_bytes ? described(chosen, chosen.name) : null;
  }
  let picture;
  try {
    picture = await createImageBitmap(chosen);
  } catch {
    return null;
  }
  const type = upload.accept.includes("jpeg") ? "image/jpeg" : "image/png";
  for (let side = LONGEST_SIDE; side > SMALLEST_SIDE; side *= 0.75) {
    const canvas = drawn(picture, side);
    const blob = await new Promise((done) => canvas.toBlob(done, type, 0.85));
    if (blob.size <= upload.max_bytes) return described(blob, `photo.${type.slice(6)}`);
  }
  return null;
};

const drawn = (picture, side) => {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = h("canvas", { width: Math.max(1, Math.round(picture.width * scale)), height: Math.max(1, Math.round(picture.height * scale)) });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
};

/** A small picture of a kept photo. */
export const thumbnail = (file) => {
  const canvas = h("canvas", { role: "img", "aria-label": say("photo"), width: 96, height: 72, className: "thumbnail" });
  readFile(file.id).then(async (bytes) => {
    if (!bytes) return;
    const picture = await createImageBitmap(new Blob([bytes], { type: file.type }));
    const scale = Math.min(96 / picture.width, 72 / picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0, picture.width * scale, picture.height * scale);
  }).catch(() => {}); // the tablet was locked meanwhile
  return canvas;
};

/** A place to sign; `signed({file, bytes})` after each stroke, `signed(null)` when it is cleared. */
export const signature = (signed) => {
  const canvas = h("canvas", { className: "signature", width: 700, height: 220, role: "img", "aria-label": say("sign_here") });
  const pen = canvas.getContext("2d");
  const clear = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
  };
  let down = false;
  canvas.onpointerdown = (event) => {
    down = true;
    canvas.setPointerCapture(event.pointerId);
    Object.assign(pen, { lineWidth: 4, lineCap: "round", strokeStyle: "#000" });
    pen.beginPath();
    pen.moveTo(...at(event));
    pen.lineTo(...at(event)); // a dot is a mark, too
    pen.stroke();
  };
  canvas.onpointermove = (event) => {
    if (!down) return;
    pen.lineTo(...at(event));
    pen.stroke();
  };
  canvas.onpointerup = canvas.onpointercancel = async () => {
    if (!down) return;
    down = false;
    signed(await described(await new Promise((done) => canvas.toBlob(done, "image/png")), "signature.png"));
  };
  clear();
  return h("div", {}, canvas, button(say("sign_again"), () => { clear(); signed(null); }, { className: "button quiet" }));
};
