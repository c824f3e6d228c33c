// A click on a column sorts by it; a word in the field above a table leaves rows that hold it.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") !== "descending";
    heads.forEach((one) => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => {
      const cell = row.cells[column];
      if (cell.className === "text") return cell.textContent;
      return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
    };
    const compare = (a, b) => {
      if (a === null || b === null) return (a === null) - (b === null);
      const order = typeof a === "string" ? b.localeCompare(a, "en", { numeric: true }) : b - a;
      return down ? order : -order;
    };
    const rows = [...body.rows].map((row) => [key(row), row]);
    body.append(...rows.sort((a, b) => compare(a[0], b[0])).map((pair) => pair[1]));
  }));
}
for (const field of document.querySelectorAll("input.filter")) {
  const table = field.nextElementSibling.querySelector("table");
  field.addEventListener("input", () => {
    const word = field.value.toLowerCase();
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(word);
    }
  });
}
