import { morph } from './morph.js';

/**
 * Gives a table's body the rows of `keys`, in that order. Rows that stay are not moved unless they must, and are
 * changed in place.
 * @param {HTMLTableSectionElement} body
 * @param {readonly string[]} keys
 * @param {ReadonlyMap<string, HTMLTableRowElement>} fresh rows that are new or differ
 * @returns {string | undefined} the key of the row that had the focus, when it is there no more
 */
export function updateRows(body, keys, fresh) {
  const wanted = new Set(keys);
  let lost;
  const rows = new Map([...body.rows].map((row) => [row.dataset.key ?? '', row]));
  for (const [key, row] of rows) {
    if (wanted.has(key)) continue;
    if (row.contains(document.activeElement)) lost = key;
    row.remove();
  }
  for (const text of [...body.childNodes]) if (text.nodeType !== Node.ELEMENT_NODE) text.remove();
  const staying = longestInOrder([...body.rows].map((row) => keys.indexOf(row.dataset.key ?? '')));
  /** @type {Element | null} */
  let at = body.firstElementChild;
  for (const [n, key] of keys.entries()) {
    const row = rows.get(key);
    const changed = fresh.get(key);
    if (row && changed) morph(row, changed);
    const place = row ?? changed;
    if (place === undefined) continue;
    if (row !== undefined && staying.has(n)) at = row.nextElementSibling;
    else {
      if (place === at) at = place.nextElementSibling;
      body.insertBefore(place, at);
    }
  }
  return lost;
}

/**
 * The most of `numbers` that are in ascending order as they stand: those rows need not move.
 * @param {readonly number[]} numbers
 * @returns {Set<number>}
 */
export function longestInOrder(numbers) {
  /** @type {{ length: number, last: number, before: number }[]} */
  const best = [];
  for (const [n, last] of numbers.entries()) {
    let before = -1;
    for (let m = 0; m < n; m++) {
      const one = best[m];
      if (one && one.last < last && one.length > (best[before]?.length ?? 0)) before = m;
    }
    best.push({ length: (best[before]?.length ?? 0) + 1, last, before });
  }
  let at = best.reduce((top, one, n) => (one.length > (best[top]?.length ?? 0) ? n : top), -1);
  const kept = new Set();
  for (; at >= 0; at = best[at]?.before ?? -1) kept.add(best[at]?.last);
  return /** @type {Set<number>} */ (kept);
}
