// The live part of a page; without it, forms load the page anew and show the same.
// <body data-feed="/feed" data-after="N">: asks for what changed after N, and puts it into the page.
// <form data-live>: is posted without leaving the page.
// <div data-follow>: is scrolled to the beginning of what comes, as long as its reader follows.
// <p id="ended" hidden>: is shown while the program does not answer; nothing can be sent then.
"use strict";

const feed = document.body.dataset.feed;
let after = Number(document.body.dataset.after);
let asking = false;
let silent = 0; // how often the program did not answer, in a row
let pressed = ""; // the message whose button was pressed last
const left = new WeakMap(); // where a box was scrolled to last

const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

// Gives the message if it is to be read: not where another one changed.
function put({ id, html, into }) {
  const old = document.getElementById(id);
  if (old) old.outerHTML = html;
  else document.getElementById(into)?.insertAdjacentHTML("beforeend", html);
  return !old || id === pressed ? [id] : [];
}

function scroll(box, first) {
  box.scrollTop = first ? first.offsetTop - 8 : box.scrollHeight;
  left.set(box, box.scrollTop);
}

function show(answer) {
  if (answer.reload) return location.reload();
  const boxes = [...document.querySelectorAll("[data-follow]")];
  const atEnd = boxes.filter(isAtEnd);
  const followed = boxes.filter((box) => atEnd.includes(box) || box.scrollTop === left.get(box));
  const read = answer.changes.flatMap(put).map((id) => document.getElementById(id));
  after = answer.last;
  for (const box of followed) {
    const first = read.find((one) => box.contains(one));
    if (first || atEnd.includes(box)) scroll(box, first);
  }
}

function showEnd(isEnded) {
  const ended = document.getElementById("ended");
  if (!ended || ended.hidden === !isEnded) return;
  ended.hidden = !isEnded;
  for (const one of document.querySelectorAll("[data-live] :is(input, button)")) one.disabled = isEnded;
}

async function ask() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    const answer = await fetch(`${feed}?after=${after}`);
    if (answer.status === 200) show(await answer.json());
    silent = 0;
  } catch {
    silent += 1;
  } finally {
    asking = false;
    showEnd(silent > 0);
  }
}

async function askAgain() {
  await ask();
  setTimeout(askAgain, silent ? 3000 : 400);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-live]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  form.querySelectorAll("input:not([type=hidden])").forEach((input) => (input.value = ""));
  pressed = form.closest("li")?.id;
  const box = form.closest("section")?.querySelector("[data-follow]");
  if (box && !box.contains(form)) scroll(box); // who writes wants to see the answer
  try {
    await fetch(form.getAttribute("action"), { method: "POST", body, redirect: "manual" });
  } catch {
    return;
  }
  ask();
});

if (feed) {
  for (const box of document.querySelectorAll("[data-follow]")) scroll(box);
  document.addEventListener("visibilitychange", ask);
  askAgain();
}
