// Tables: a click on a heading sorts, a field above a long table filters.
const sortKey = (cell) => {
  const value = cell ? cell.dataset.v : undefined;
  if (value === undefined) return null;
  const number = Number(value);
  return value !== '' && Number.isFinite(number) ? number : value;
};
const inOrder = (a, b) => {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
};

for (const table of document.querySelectorAll('table.data')) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = h('button', { type: 'button', onclick: () => {
      const first = head.classList.contains('r') ? 'descending' : 'ascending';
      const other = first === 'ascending' ? 'descending' : 'ascending';
      const wanted = head.getAttribute('aria-sort') === first ? other : first;
      heads.forEach((each) => each.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', wanted);
      const sign = wanted === 'ascending' ? 1 : -1;
      const rows = [...body.rows].map((row) => [sortKey(row.cells[column]), row]);
      rows.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : sign * inOrder(a, b)));
      body.append(...rows.map(([, row]) => row));
    } }, head.textContent);
    head.replaceChildren(button);
  });
  if (table.hasAttribute('data-filter')) {
    const field = h('input', { type: 'search', class: 'filter', placeholder: 'filter rows', 'aria-label': 'filter rows', oninput: () => {
      const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of body.rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !wanted.every((word) => text.includes(word));
      }
    } });
    table.parentElement.before(field);
  }
}
