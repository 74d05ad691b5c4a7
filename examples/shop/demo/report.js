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

for (const control of [order, level, words]) control.addEventListener("input", show);
show();
