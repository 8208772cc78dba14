/** @returns {HTMLFormElement | null} */
const form = () => document.querySelector('#filter');

/** What the form says. */
function wanted() {
  const data = new FormData(form() ?? undefined);
  return {
    text: String(data.get('q') ?? '')
      .trim()
      .toLowerCase(),
    kind: String(data.get('status') ?? ''),
  };
}

/** Hides the rows that the filter does not let through; view/filter.ts decides the same on the server. */
export function applyFilter() {
  if (!form()) return;
  const { text, kind } = wanted();
  for (const row of document.querySelectorAll('#tapes tbody > tr')) {
    const { find = '', kinds = '' } = /** @type {HTMLElement} */ (row).dataset;
    const isShown = find.includes(text) && (kind === '' || kinds.split(' ').includes(kind));
    if (/** @type {HTMLElement} */ (row).hidden === isShown) row.toggleAttribute('hidden', !isShown);
  }
}

/** Filters at every keystroke, and keeps the filter in the address, where it can be copied or gone back to. */
export function setUpFilter() {
  const filter = form();
  if (!filter) return;
  filter.addEventListener('submit', (event) => {
    event.preventDefault();
    keep();
  });
  filter.addEventListener('input', () => {
    applyFilter();
    keep();
  });
  // A browser may have brought back what was in the form, beside an address that says something else.
  const query = new URLSearchParams(location.search);
  const text = /** @type {HTMLInputElement} */ (filter.elements.namedItem('q'));
  const kind = /** @type {RadioNodeList} */ (filter.elements.namedItem('status'));
  text.value = query.get('q') ?? '';
  kind.value = query.get('status') ?? '';
  if (kind.value === '') kind.value = ''; // one that there is not
  applyFilter();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Browsers allow so many changes of the address in a time. */
function keep() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const { text, kind } = wanted();
    const query = new URLSearchParams();
    if (text) query.set('q', text);
    if (kind) query.set('status', kind);
    history.replaceState(null, '', query.size > 0 ? `?${query}` : location.pathname);
  }, 150);
}
