// Keeps the page as the server sees it, and sends what a person does without loading the page anew.
"use strict";

const body = document.body;
const at = (id) => document.getElementById(id);
const EVERY = 700;
const END = 80;
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const folded = new WeakSet(); // what somebody opened or closed by hand: it stays as they left it
const touched = new WeakSet(); // forms somebody has begun to fill in: what they typed stays
const sending = new WeakSet(); // forms that are on their way: a second click does nothing
const shown = {};
let version = "";
let thread = body.dataset.thread || "";
let formKey = "";
let before = ""; // what had the focus before a form opened
let turn = 0;
let asking = false;
let follow = false; // somebody just did something and wants to see what comes of it

function where() {
  const { as, channel, home = "" } = body.dataset;
  return new URLSearchParams({ as, channel, thread, home, version });
}

// ---- showing ---------------------------------------------------------------------------------------------

const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < END;
const toEnd = (box) => { box.scrollTop = box.scrollHeight; };

const keep = {
  // What somebody folded, opened, typed or chose is theirs; of the runs only the newest stays open by itself.
  beforeAttributeUpdated: (name, node) => !(name === "open" && node.matches("details") && (folded.has(node) || !node.matches(".run"))),
  beforeNodeMorphed: (old) => !(old instanceof Element
    && old.matches("input:not([type=hidden]), textarea, select") && old.form && touched.has(old.form)),
};

// Turns a part of the page into what the server sends, touching only what differs.
function put(id, html) {
  const box = at(id);
  if (!box || shown[id] === html) return;
  shown[id] = html;
  const list = box.matches(".list") && (follow || atEnd(box) || !box.querySelector("article"));
  const count = box.querySelectorAll("article.message").length;
  const logs = [...box.querySelectorAll("pre.log")].filter((log) => !atEnd(log)).map((log) => log.id);
  Idiomorph.morph(box, html, { morphStyle: "innerHTML", ignoreActiveValue: true, restoreFocus: true, callbacks: keep });
  if (list) toEnd(box);
  else if (id === "thread" && count && box.querySelectorAll("article.message").length > count) at("newer").hidden = false;
  for (const log of box.querySelectorAll("pre.log")) if (!logs.includes(log.id)) toEnd(log);
}

function putForm(html, key) {
  if (key === formKey) return;
  const held = document.activeElement ? document.activeElement.id : "";
  if (!formKey) before = held;
  formKey = key;
  at("form").innerHTML = html;
  const dialog = at("form").querySelector("dialog");
  if (!dialog) {
    const back = at(before) || at("reply") || at("composer");
    if (back) back.focus({ preventScroll: true });
    return;
  }
  dialog.removeAttribute("open");
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.querySelector("[data-close]").click();
  });
  const first = dialog.querySelector(".input :is(input:not([type=hidden]), select, textarea)");
  const again = held && dialog.querySelector(`#${CSS.escape(held)}`);
  if (again || first) (again || first).focus();
}

async function look() {
  const mine = ++turn;
  asking = true;
  try {
    const answer = await fetch(`/seen?${where()}`);
    if (answer.status === 200) {
      const seen = await answer.json();
      if (mine !== turn) return;
      version = seen.version;
      for (const [part, html] of Object.entries(seen.parts)) if (part !== "form") put(part, html);
      putForm(seen.parts.form, seen.form_key);
    }
    if (answer.ok && at("notice").dataset.lost) say("");
    if (!answer.ok) say("The sandbox could not draw this page; its terminal says why.", true);
  } catch {
    say("The sandbox does not answer. Is it still running?", true);
  } finally {
    if (mine === turn) asking = false;
  }
}

function lookAnew() {
  version = "";
  return look();
}

function say(text, lost = false) {
  const notice = at("notice");
  notice.textContent = text;
  notice.hidden = !text;
  if (lost) notice.dataset.lost = "1";
  else delete notice.dataset.lost;
}

function openThread(ts) {
  thread = ts;
  at("channel-panel").hidden = Boolean(ts);
  at("thread-panel").hidden = !ts;
  body.classList.toggle("with-thread", Boolean(ts));
  at("thread-panel").querySelector("input[name=thread]").value = ts;
  at("thread").innerHTML = "";
  at("newer").hidden = true;
  delete shown.thread;
  const page = new URLSearchParams({ as: body.dataset.as, channel: body.dataset.channel });
  if (ts) page.set("thread", ts);
  history.replaceState(null, "", `/?${page}`);
  document.querySelector(".skip").hash = ts ? "reply" : "composer";
  const box = at(ts ? "reply" : "composer");
  box.focus({ preventScroll: true });
  return lookAnew().then(() => toEnd(at(ts ? "thread" : "messages")));
}

// Brings a place into sight, opens what it is folded into, and puts the focus there.
function show(place) {
  const found = at(place) || document.querySelector(`#thread [data-place="${CSS.escape(place)}"] button`);
  if (!found) return;
  for (let one = found; one; one = one.parentElement) if (one.matches("details")) { folded.add(one); one.open = true; }
  const inner = found.matches("article.pull") ? found.querySelector("details") : null;
  if (inner) inner.open = true;
  found.scrollIntoView({ block: found.matches("button") ? "center" : "start", behavior: calm.matches ? "auto" : "smooth" });
  const focus = found.matches("button, textarea, main") ? found : found.querySelector("summary, button, textarea");
  if (focus) focus.focus({ preventScroll: true });
  found.classList.remove("shown");
  void found.offsetWidth;
  found.classList.add("shown");
}

// ---- doing -----------------------------------------------------------------------------------------------

async function send(address, data) {
  body.classList.add("busy");
  try {
    const answer = await fetch(address, { method: "POST", body: data, headers: { Accept: "application/json" } });
    return await answer.json();
  } catch {
    return { ok: false, error: "The sandbox does not answer. Is it still running?" };
  } finally {
    body.classList.remove("busy");
  }
}

function showErrors(form, errors) {
  for (const [block, text] of Object.entries(errors)) {
    const box = form.querySelector(`[data-block="${CSS.escape(block)}"]`);
    if (!box) continue;
    box.querySelector(".wrong").textContent = text;
    for (const one of fields(box)) one.setAttribute("aria-invalid", "true");
  }
  const first = form.querySelector(".wrong:not(:empty)");
  const field = first && fields(first.closest(".input"))[0];
  if (field) field.focus();
}

const fields = (box) => [...box.querySelectorAll("input:not([type=hidden]), select, textarea")];

async function submit(form, button) {
  if (sending.has(form) || (form.dataset.confirm && !window.confirm(form.dataset.confirm))) return;
  sending.add(form);
  form.setAttribute("aria-busy", "true");
  for (const wrong of form.querySelectorAll(".wrong")) wrong.textContent = "";
  for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  const data = new URLSearchParams(new FormData(form, button && button.name ? button : undefined));
  const inThread = Boolean(form.closest("#thread"));
  if (inThread && form.dataset.place !== "edit") follow = true;
  const answer = await send(form.getAttribute("action"), data);
  sending.delete(form);
  form.removeAttribute("aria-busy");
  if (answer.errors) {
    showErrors(form, answer.errors);
    return;
  }
  say(answer.ok ? "" : answer.error);
  if (answer.ok) {
    touched.delete(form);
    for (const box of form.querySelectorAll("textarea[name=text], textarea[name=body]")) {
      box.value = "";
      grow(box);
    }
  }
  if (answer.thread) await openThread(answer.thread);
  else await lookAnew();
  if (form.matches(".composer")) toEnd(form.parentElement.querySelector(".list"));
  // A button that is gone takes the focus with it; the conversation goes on in the message box.
  if (inThread && document.activeElement === body && !formKey) at("reply").focus({ preventScroll: true });
}

async function act(address, box, more) {
  const data = new URLSearchParams({ as: body.dataset.as, view: box.closest("[data-view]").dataset.view });
  for (const [name, value] of more) data.append(name, value);
  const answer = await send(address, data);
  say(answer.ok ? "" : answer.error);
  return lookAnew();
}

function choose(box, target) {
  const several = target.multiple || target.type === "checkbox";
  const values = target.multiple ? [...target.selectedOptions].map((one) => one.value)
    : target.type === "checkbox" ? [...box.querySelectorAll("input:checked")].map((one) => one.value) : [target.value];
  const more = [["action_id", box.dataset.choose], ...(several ? [["many", "1"]] : []), ...values.map((one) => ["value", one])];
  return act("/act/choose", box, more);
}

function grow(box) {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, 180)}px`;
}

// ---- listening -------------------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-act]")) return;
  event.preventDefault();
  submit(event.target, event.submitter);
});
document.addEventListener("change", (event) => {
  const target = event.target;
  if (target.matches("select[data-go]")) { target.form.submit(); return; }
  const form = target.closest("form[data-on-change]");
  if (form) { submit(form); return; }
  const box = target.closest("[data-choose]");
  if (box) choose(box, target);
});
document.addEventListener("input", (event) => {
  if (event.target.matches("textarea")) grow(event.target);
  if (event.target.form && !event.target.matches("[data-go]")) touched.add(event.target.form);
});
document.addEventListener("click", (event) => {
  const press = event.target.closest("[data-press]");
  if (press) act("/act/press", press, [["action_id", press.dataset.press], ["value", press.dataset.value]]);
  const link = event.target.closest("[data-also-press]");
  if (link) send("/act/press", new URLSearchParams(new FormData(link.closest("form"))));
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (event.target.closest("#newer")) toEnd(at("thread"));
  const place = event.target.closest("[data-show], .jump a");
  if (place) {
    event.preventDefault();
    show(place.dataset.show || new URL(place.href).hash.slice(1));
  }
  if (event.target.closest("summary")) folded.add(event.target.closest("details"));
  // The bot's links to a pull request lead to the one beside the conversation.
  const away = event.target.closest("#thread a[href], #home a[href]");
  const pulls = at("hub") ? at("hub").dataset.pulls : "";
  if (away && pulls && away.href.startsWith(pulls)) {
    const pull = `pull-${parseInt(away.href.slice(pulls.length), 10)}`;
    if (at(pull)) {
      event.preventDefault();
      show(pull);
    }
  }
  const answers = event.target.closest(".answers a, a.back, a.go-on");
  if (answers && at("thread-panel")) {
    event.preventDefault();
    openThread(new URL(answers.href).searchParams.get("thread") || "");
  }
});
document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (target.matches(".composer textarea") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    target.form.requestSubmit();
  }
  // A closed select would take every arrow key for a choice; open, it waits for Enter.
  if (target.matches("form[data-on-change] select, select[data-go]") && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    target.showPicker();
  }
  if (event.key === "Escape" && thread && !formKey && target.closest("#thread-panel") && !target.matches("select")) openThread("");
});
// Whoever scrolls wants to stay where they are; whoever arrives at the end has seen it all.
for (const kind of ["wheel", "touchmove", "keydown"]) document.addEventListener(kind, () => { follow = false; }, { passive: true });
for (const id of ["messages", "thread"]) {
  if (!at(id)) continue;
  let ended = true;
  at(id).addEventListener("scroll", (event) => {
    ended = atEnd(event.target);
    if (ended) at("newer").hidden = true;
  });
  new ResizeObserver(() => { if (ended) toEnd(at(id)); }).observe(at(id));
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });

if (at("notice")) {
  for (const id of ["messages", "thread"]) if (at(id)) toEnd(at(id));
  look().then(() => { if (location.hash.length > 1) show(location.hash.slice(1)); });
  if (body.dataset.home) send("/act/home", new URLSearchParams({ as: body.dataset.as }));
  setInterval(() => { if (!document.hidden && !asking) look(); }, EVERY);
}
