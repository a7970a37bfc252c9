(() => {
  const box = document.getElementById("filter");
  const rows = [...document.querySelectorAll("details.change")];
  const chips = [...document.querySelectorAll("button.chip")];
  const shown = document.getElementById("shown");
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const off = new Set();
  const apply = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let seen = 0;
    rows.forEach((row, index) => {
      row.hidden = off.has(row.dataset.action) || !words.every((word) => texts[index].includes(word));
      seen += row.hidden ? 0 : 1;
    });
    shown.textContent = seen + " of " + rows.length + " shown";
  };
  box.addEventListener("input", apply);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      const action = chip.dataset.action;
      off.has(action) ? off.delete(action) : off.add(action);
      chip.setAttribute("aria-pressed", String(!off.has(action)));
      apply();
    });
  }
  const all = document.getElementById("toggle");
  all.addEventListener("click", () => {
    const open = all.getAttribute("aria-pressed") !== "true";
    all.setAttribute("aria-pressed", String(open));
    for (const row of rows) row.open = open;
  });
  window.addEventListener("beforeprint", () => rows.forEach((row) => { row.open = true; }));
  apply();
})();
