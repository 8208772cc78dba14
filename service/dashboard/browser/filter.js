/** @returns {HTMLFormElement | null} */
const form = () => document.querySelector('#filter');

/** The filter in the form. */
function readForm() {
  const data = new FormData(form() ?? undefined);
  return {
    text: String(data.get('q') ?? '')
      .trim()
      .toLowerCase(),
    status: String(data.get('status') ?? ''),
  };
}

/** Hides the rows that do not match the filter. `matches` in page.ts decides the same on the server. */
export function applyFilter() {
  if (!form()) return;
  const { text, status } = readForm();
  for (const row of document.querySelectorAll('#tapes tbody > tr')) {
    const { find = '', statuses = '' } = /** @type {HTMLElement} */ (row).dataset;
    const isShown = find.includes(text) && (status === '' || statuses.split(' ').includes(status));
    if (/** @type {HTMLElement} */ (row).hidden === isShown) row.toggleAttribute('hidden', !isShown);
  }
}

/** Filters at every keystroke, and keeps the filter in the address, so that it can be linked. */
export function setUpFilter() {
  const filter = form();
  if (!filter) return;
  filter.addEventListener('submit', (event) => {
    event.preventDefault();
    saveInAddress();
  });
  filter.addEventListener('input', () => {
    applyFilter();
    saveInAddress();
  });
  // A browser may restore an older form beside the address: the address counts.
  const query = new URLSearchParams(location.search);
  const text = /** @type {HTMLInputElement} */ (filter.elements.namedItem('q'));
  const status = /** @type {RadioNodeList} */ (filter.elements.namedItem('status'));
  text.value = query.get('q') ?? '';
  status.value = query.get('status') ?? '';
  if (status.value === '') status.value = ''; // an unknown status: choose `all`
  applyFilter();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Browsers limit how often the address changes. */
function saveInAddress() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const { text, status } = readForm();
    const query = new URLSearchParams();
    if (text) query.set('q', text);
    if (status) query.set('status', status);
    history.replaceState(null, '', query.size > 0 ? `?${query}` : location.pathname);
  }, 150);
}
