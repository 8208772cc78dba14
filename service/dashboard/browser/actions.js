import { announce, reloadJob } from './live.js';

/** Asks before each of the operator's actions, sends it, and says how it ended. */
export function setUpActions() {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector('#ask'));
  if (!dialog) return;
  /** @type {HTMLElement | undefined} */
  let button;
  document.addEventListener('click', ({ target }) => {
    const found = target instanceof Element ? target.closest('button[data-question]') : null;
    if (!found) return;
    button = /** @type {HTMLElement} */ (found);
    setText('#question', button.dataset.question);
    setText('#yes', button.dataset.yes);
    dialog.returnValue = '';
    dialog.showModal();
  });
  dialog.addEventListener('close', () => {
    if (button && dialog.returnValue === 'yes') void act(button);
  });
}

/** @param {HTMLElement} button */
async function act({ dataset: { method = 'POST', path = '', done = '' } }) {
  tell('…');
  const answer = await fetch(path, { method }).catch(() => undefined);
  const fault = answer?.ok ? undefined : await faultOf(answer);
  tell(fault ?? done);
  announce(fault ?? done);
  await reloadJob();
}

/**
 * Why a request did nothing, in words.
 * @param {Response | undefined} answer
 * @returns {Promise<string>}
 */
async function faultOf(answer) {
  if (!answer) return 'Oven did not answer. Try again.';
  if (answer.status === 401) return 'You are no longer logged in. Log in and try again.';
  const body = await answer.json().catch(() => undefined);
  return body?.error?.message ?? `Oven answered ${answer.status}.`;
}

/** @param {string} text */
function tell(text) {
  setText('#outcome', text);
  document.querySelector('#outcome')?.removeAttribute('hidden');
}

/**
 * @param {string} selector
 * @param {string | undefined} text
 */
function setText(selector, text = '') {
  const element = document.querySelector(selector);
  if (element) element.textContent = text;
}
