// The list of log lines: by order, by level, by text.
const rows = [...document.querySelectorAll(".logs li[data-order]")];
const order = document.getElementById("order");
const level = document.getElementById("level");
const words = document.getElementById("words");
const none = document.querySelector(".logs .none");

function show() {
  const wanted = words.value.trim().toLowerCase();
  let shown = 0;
  for (const row of rows) {
    const fits =
      (order.value === "" || row.dataset.order === order.value) &&
      (level.value === "" || row.dataset.level !== "INFO") &&
      (wanted === "" || row.textContent.toLowerCase().includes(wanted));
    row.hidden = !fits;
    shown += fits;
  }
  none.hidden = shown > 0;
  document.getElementById("shown").textContent = `${shown} of ${rows.length} lines`;
}

// The timeline: the bar that is nearest to the pointer, because many are thinner than a finger.
const pointed = document.getElementById("pointed");
let near = null;

function point(event) {
  const bars = [...event.currentTarget.querySelectorAll(".bar[title]")];
  const distance = (bar) => {
    const box = bar.getBoundingClientRect();
    return Math.max(box.left - event.clientX, event.clientX - box.right, 0);
  };
  const found = bars.sort((one, other) => distance(one) - distance(other))[0];
  if (found === undefined || distance(found) > 16 || found === near) return;
  near?.classList.remove("near");
  near = found;
  near.classList.add("near");
  pointed.textContent = near.title;
}

for (const lane of document.querySelectorAll(".lane")) {
  lane.addEventListener("pointermove", point);
  lane.addEventListener("pointerdown", point);
}

for (const control of [order, level, words]) control.addEventListener("input", show);
show();
