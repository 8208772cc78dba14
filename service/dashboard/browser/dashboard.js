// Makes the page live. The server renders everything; without this script the page is a plain one with a form.
import { setUpActions } from './actions.js';
import { setUpFilter } from './filter.js';
import { followChanges } from './live.js';
import { updateTimes } from './times.js';

document.documentElement.classList.add('live');
setInterval(updateTimes, 5000); // a text changes every 5 seconds at most
updateTimes();
setUpFilter();
setUpActions();
// Events of <details> do not bubble, so they are captured.
document.addEventListener('toggle', onToggle, { capture: true });
followChanges();

/**
 * An opened thumbnail plays its video and closes the others; a closed one pauses.
 * @param {Event} event
 */
function onToggle({ target }) {
  if (!(target instanceof HTMLDetailsElement) || !target.matches('.player')) return;
  const video = target.querySelector('video');
  if (!target.open) return video?.pause();
  for (const other of document.querySelectorAll('.player[open]')) {
    if (other !== target) /** @type {HTMLDetailsElement} */ (other).open = false;
  }
  video?.play().catch(() => {}); // it has controls
}
