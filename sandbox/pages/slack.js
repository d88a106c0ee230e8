// Keeps the page as the server sees it, and sends what a person does without loading the page anew.
"use strict";

const body = document.body;
const at = (id) => document.getElementById(id);
let version = body.dataset.version;
let formKey = null;
let thread = body.dataset.thread || "";

function where() {
  return new URLSearchParams({ as: body.dataset.as, channel: body.dataset.channel, thread, version });
}

// Puts new HTML into a list, keeping the focus and, when the reader was at the end, the end in sight.
function put(id, html) {
  const box = at(id);
  if (!box || box.innerHTML === html) return;
  const held = document.activeElement;
  if (box.contains(held) && held.matches("select, input:not([type=hidden]), textarea")) return;
  const focus = box.contains(held) ? held.id : "";
  const end = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  box.innerHTML = html;
  if (end) box.scrollTop = box.scrollHeight;
  if (focus && at(focus)) at(focus).focus();
}

function putForm(html, key) {
  if (key === formKey) return;
  formKey = key;
  at("form").innerHTML = html;
  const dialog = at("form").querySelector("dialog");
  if (!dialog) return;
  dialog.removeAttribute("open");
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.querySelector("[data-close]").click();
  });
  const first = dialog.querySelector(".input input:not([type=hidden]), .input select, .input textarea");
  if (first) first.focus();
}

async function look() {
  try {
    const answer = await fetch(`/seen?${where()}`);
    if (answer.status === 200) {
      const seen = await answer.json();
      version = String(seen.version);
      for (const part of ["channels", "messages", "thread"]) put(part, seen[part]);
      putForm(seen.form, seen.form_key);
    }
    if (at("notice").dataset.lost) say("");
  } catch {
    say("The sandbox does not answer. Is it still running?", true);
  }
}

function say(text, lost = false) {
  const notice = at("notice");
  notice.textContent = text;
  notice.hidden = !text;
  if (lost) notice.dataset.lost = "1";
  else delete notice.dataset.lost;
}

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

function openThread(ts) {
  thread = ts;
  at("thread-panel").hidden = !ts;
  body.classList.toggle("with-thread", Boolean(ts));
  const hidden = at("thread-panel").querySelector("input[name=thread]");
  hidden.value = ts;
  at("thread").innerHTML = "";
  const page = new URLSearchParams({ as: body.dataset.as, channel: body.dataset.channel });
  if (ts) page.set("thread", ts);
  history.replaceState(null, "", `/?${page}`);
  version = "";
  look().then(() => { at("thread").scrollTop = at("thread").scrollHeight; });
}

async function submit(form, button) {
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) return;
  const data = new FormData(form);
  const closing = button && button.hasAttribute("data-close");
  const buttons = form.querySelectorAll("button");
  for (const wrong of form.querySelectorAll(".wrong")) wrong.textContent = "";
  for (const one of buttons) one.disabled = true;
  const answer = await send(closing ? "/act/close" : form.getAttribute("action"), new URLSearchParams(data));
  for (const one of buttons) one.disabled = false;
  if (answer.errors) {
    for (const [block, text] of Object.entries(answer.errors)) {
      const box = form.querySelector(`[data-block="${CSS.escape(block)}"]`);
      if (box) box.querySelector(".wrong").textContent = text;
    }
    const first = form.querySelector(".wrong:not(:empty)");
    if (first) first.closest(".input").querySelector("input:not([type=hidden]), select, textarea")?.focus();
    return;
  }
  say(answer.ok ? "" : answer.error);
  const box = form.querySelector(".composer textarea, textarea[name=text]");
  if (box && answer.ok) {
    box.value = "";
    grow(box);
  }
  version = "";
  if (answer.thread) openThread(answer.thread);
  else await look();
}

function grow(box) {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, 180)}px`;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-act]")) return;
  event.preventDefault();
  submit(event.target, event.submitter);
});
document.addEventListener("change", (event) => {
  const target = event.target;
  if (target.matches("select[data-go]")) return target.form.submit();
  const form = target.closest("form[data-on-change]");
  if (form) { target.blur(); return submit(form); }
  const inForm = target.closest("[data-choose]");
  if (inForm) {
    const data = new URLSearchParams({ as: body.dataset.as, view: target.closest("dialog").dataset.view, action_id: inForm.dataset.choose });
    if (target.multiple || target.type === "checkbox") data.set("many", "1");
    const several = target.multiple ? [...target.selectedOptions].map((o) => o.value)
      : target.type === "checkbox" ? [...inForm.querySelectorAll("input:checked")].map((o) => o.value) : [target.value];
    for (const one of several) data.append("value", one);
    send("/act/choose", data).then((answer) => { say(answer.ok ? "" : answer.error); return look(); });
  }
});
document.addEventListener("click", (event) => {
  const press = event.target.closest("[data-press]");
  if (press) {
    const data = new URLSearchParams({ as: body.dataset.as, view: press.closest("dialog").dataset.view, action_id: press.dataset.press, value: press.dataset.value });
    send("/act/press", data).then((answer) => { say(answer.ok ? "" : answer.error); return look(); });
  }
  const link = event.target.closest("[data-also-press]");
  if (link) send("/act/press", new URLSearchParams(new FormData(link.closest("form"))));
  const answers = event.target.closest(".answers a, a.close");
  if (answers && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    openThread(new URL(answers.href).searchParams.get("thread") || "");
    if (answers.matches(".answers a")) at("reply").focus();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches(".composer textarea") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
  if (event.key === "Escape" && thread && !document.querySelector("dialog[open]")) openThread("");
});
document.addEventListener("input", (event) => {
  if (event.target.matches(".composer textarea")) grow(event.target);
});

for (const id of ["messages", "thread"]) if (at(id)) at(id).scrollTop = at(id).scrollHeight;
if (at("notice")) {
  version = "";
  look();
  setInterval(() => { if (!document.hidden) look(); }, 700);
}
