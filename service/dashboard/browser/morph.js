/**
 * Changes `now` until it equals `wanted`, but keeps its elements, so that focus, selection and a playing video stay.
 * An open <details> stays open; a video is replaced only when its address differs.
 * @param {Element} now
 * @param {Element} wanted
 */
export function morph(now, wanted) {
  if (now.isEqualNode(wanted)) return;
  if (now.tagName !== wanted.tagName) return void now.replaceWith(wanted);
  if (now instanceof HTMLVideoElement && now.getAttribute('src') === wanted.getAttribute('src')) return;
  // times.js writes the text of a <time>.
  const isSameTime =
    now.tagName === 'TIME' && now.getAttribute('datetime') === wanted.getAttribute('datetime');
  if (isSameTime) return;
  morphAttributes(now, wanted);
  morphChildren(now, wanted);
}

/**
 * @param {Element} now
 * @param {Element} wanted
 */
function morphAttributes(now, wanted) {
  const kept = now instanceof HTMLDetailsElement ? ['open'] : ['hidden'];
  for (const { name } of [...now.attributes]) {
    if (!wanted.hasAttribute(name) && !kept.includes(name)) now.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
}

/**
 * @param {Element} now
 * @param {Element} wanted
 */
function morphChildren(now, wanted) {
  const old = [...now.childNodes];
  const fresh = [...wanted.childNodes];
  for (const [n, child] of fresh.entries()) {
    const before = old[n];
    if (before === undefined) now.append(child);
    else if (before instanceof Element && child instanceof Element) morph(before, child);
    else if (before.nodeType === child.nodeType) before.nodeValue = child.nodeValue;
    else before.replaceWith(child);
  }
  for (const rest of old.slice(fresh.length)) rest.remove();
}

/**
 * Gives a table's body the rows of `keys`, in that order. Rows that stay are changed in place, and as few as possible
 * are moved.
 * @param {HTMLTableSectionElement} body
 * @param {readonly string[]} keys
 * @param {ReadonlyMap<string, HTMLTableRowElement>} fresh rows that are new or differ
 * @returns {string | undefined} the key of a removed row that had the focus
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
 * The longest ascending subsequence of `numbers`: these rows do not move.
 * @param {readonly number[]} numbers
 * @returns {Set<number>}
 */
function longestInOrder(numbers) {
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
