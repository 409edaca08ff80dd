// The live part of a page; without it, forms load the page anew and show the same.
// <body data-feed="/feed" data-after="N">: asks for what changed after N, and puts it into the page.
// <form data-live>: is posted without leaving the page.
// <div data-follow>: is scrolled to its end when something comes, as long as its reader is there.
// <p id="ended" hidden>: is shown while the program does not answer.
"use strict";

const feed = document.body.dataset.feed;
let after = Number(document.body.dataset.after);
let asking = false;
let silent = 0; // how often the program did not answer, in a row

const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

function put({ id, html, into }) {
  const old = document.getElementById(id);
  if (old) old.outerHTML = html;
  else document.getElementById(into)?.insertAdjacentHTML("beforeend", html);
}

function show(answer) {
  if (answer.reload) return location.reload();
  const boxes = [...document.querySelectorAll("[data-follow]")].filter(isAtEnd);
  answer.changes.forEach(put);
  after = answer.last;
  for (const box of boxes) box.scrollTop = box.scrollHeight;
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
    const ended = document.getElementById("ended");
    if (ended) ended.hidden = !silent;
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
  const box = form.closest("section")?.querySelector("[data-follow]");
  if (box && !box.contains(form)) box.scrollTop = box.scrollHeight; // who writes wants to see the answer
  try {
    await fetch(form.getAttribute("action"), { method: "POST", body, redirect: "manual" });
  } catch {
    return;
  }
  ask();
});

if (feed) {
  for (const box of document.querySelectorAll("[data-follow]")) box.scrollTop = box.scrollHeight;
  document.addEventListener("visibilitychange", ask);
  askAgain();
}
