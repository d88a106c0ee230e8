// Narrows the list of requests, opens what an address points to, and prints what is folded; without this script everything is there.
"use strict";

function filters(form) {
  const rows = [...document.querySelectorAll("table[data-rows] tbody tr")];
  const count = form.querySelector("[data-count]");
  const narrow = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows) {
      const fits = words.every((word) => row.dataset.text.includes(word)) &&
        Object.entries(wanted).every(([name, value]) => name === "text" || !value || row.dataset[name] === value);
      row.hidden = !fits;
      left += fits;
    }
    count.textContent = `${left} of ${rows.length}`;
  };
  const follow = () => {
    const asked = [...new URLSearchParams(location.hash.slice(1))].filter(([name]) => form.elements.namedItem(name));
    if (!asked.length) return;
    form.reset();
    for (const [name, value] of asked) form.elements.namedItem(name).value = value;
    narrow();
    document.getElementById("requests").scrollIntoView();
  };
  form.hidden = false;
  form.addEventListener("input", narrow);
  form.addEventListener("reset", () => setTimeout(narrow));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", follow);
  narrow();
  follow();
}

function unfold() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

document.querySelectorAll("form[data-filters]").forEach(filters);
addEventListener("hashchange", unfold);
unfold();
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
