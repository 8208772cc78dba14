/** Opening a thumbnail plays its video, and opening another ends it; closing pauses. Events of <details> don't bubble. */
export function setUpPlayers() {
  document.addEventListener('toggle', onToggle, { capture: true });
}

/** @param {Event} event */
function onToggle({ target }) {
  if (!(target instanceof HTMLDetailsElement) || !target.matches('.player')) return;
  const video = target.querySelector('video');
  if (!target.open) return video?.pause();
  for (const other of document.querySelectorAll('.player[open]')) {
    if (other !== target) /** @type {HTMLDetailsElement} */ (other).open = false;
  }
  video?.play().catch(() => {}); // it has controls
}
