// Narrows the list of requests to what the fields above it say; without this script the whole list is there.
"use strict";
const form = document.querySelector("[data-filters]");
if (form) {
  const rows = [...document.querySelectorAll("table.list tbody tr")];
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
  form.hidden = false;
  form.addEventListener("input", narrow);
  form.addEventListener("submit", (event) => event.preventDefault());
  narrow();
}
