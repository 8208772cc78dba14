const STEPS = /** @type {const} */ ([
  ['s', 1, 60],
  ['min', 60, 3600],
  ['h', 3600, 86_400],
  ['d', 86_400, Infinity],
]);

/** Writes into every <time> how long ago it was. The moment itself is its title. */
export function updateTimes() {
  for (const time of document.querySelectorAll('time[data-ago]')) {
    const element = /** @type {HTMLTimeElement} */ (time);
    const at = Date.parse(element.dateTime);
    const past = ago((Date.now() - at) / 1000);
    const moment = `${element.dateTime.slice(0, 19).replace('T', ' ')} UTC`;
    const text = element.dataset.ago === 'both' ? `${moment}, ${past}` : past;
    element.title = new Date(at).toLocaleString();
    if (element.textContent !== text) element.textContent = text;
  }
}

/** @param {number} seconds */
function ago(seconds) {
  if (seconds < 5) return 'just now';
  const [unit, size] = STEPS.find(([, , below]) => seconds < below) ?? STEPS[3];
  const value = Math.floor(seconds / size);
  return `${unit === 's' ? value - (value % 5) : value} ${unit} ago`;
}
