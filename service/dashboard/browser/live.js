import { applyFilter } from './filter.js';
import { morph } from './morph.js';
import { updateRows } from './rows.js';
import { showTimes } from './times.js';

/**
 * @typedef {object} Change as change.ts makes it
 * @property {string} headline
 * @property {boolean} busy
 * @property {string} trouble
 * @property {string} [figures]
 * @property {Record<string, { keys: string[], rows: Record<string, string> }>} lists
 * @property {string} announcement
 */

const RETRY_MS = 10_000;
const TEXTS = { on: 'live', off: 'connecting', lost: 'no live news, trying again' };

/** @type {EventSource | undefined} */
let source;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;

/** Follows the service as long as the page is seen: a tab in the background takes nobody's place. */
export function watchLive() {
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  open();
}

function open() {
  if (source || document.hidden) return;
  source = new EventSource('/events');
  source.addEventListener('open', () => show('on'));
  source.addEventListener('change', (event) => apply(JSON.parse(event.data)));
  source.addEventListener('error', () => {
    show('lost');
    // Refused, not interrupted: then the browser does not try again by itself.
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    again = setTimeout(open, RETRY_MS);
  });
}

function close() {
  clearTimeout(again);
  source?.close();
  source = undefined;
}

/** @param {keyof typeof TEXTS} state */
function show(state) {
  const link = /** @type {HTMLElement} */ (document.querySelector('#link'));
  if (link.dataset.state === state) return;
  if (state === 'lost') say('The connection was lost. The page tries to get it back.');
  else if (link.dataset.state === 'lost') say('The connection is back.');
  link.dataset.state = state;
  setText('#link-text', TEXTS[state]);
}

/** @param {Change} change */
function apply(change) {
  setText('#headline', change.headline);
  setText('#trouble', change.trouble);
  document.body.classList.toggle('busy', change.busy);
  if (change.announcement) say(change.announcement);
  const job = document.querySelector('#job');
  if (job) return void refreshJob(job, change);
  document.title = `${change.headline} · Oven`;
  const figures = document.querySelector('#figures');
  if (figures && change.figures !== undefined) {
    const wanted = /** @type {Element} */ (figures.cloneNode(false));
    wanted.innerHTML = change.figures;
    morph(figures, wanted);
  }
  const lost = Object.entries(change.lists).map(([name, { keys, rows }]) => {
    const body = /** @type {HTMLTableSectionElement | null} */ (document.querySelector(`#${name} tbody`));
    return body ? updateRows(body, keys, parseRows(rows)) : undefined;
  });
  applyFilter();
  showTimes();
  for (const key of lost) if (key !== undefined) findAgain(key);
}

/** A row with the focus went to another list, or away: the focus follows it, or stays near. */
function findAgain(/** @type {string} */ key) {
  const row = document.querySelector(`tr[data-key="${CSS.escape(key)}"]:not([hidden])`);
  const link = /** @type {HTMLElement | null} */ (
    row?.querySelector('a') ?? document.querySelector('#tapes-title')
  );
  link?.focus({ preventScroll: true });
}

/**
 * @param {Record<string, string>} rows
 * @returns {Map<string, HTMLTableRowElement>}
 */
function parseRows(rows) {
  const template = document.createElement('template');
  template.innerHTML = Object.values(rows).join('');
  const found = /** @type {NodeListOf<HTMLTableRowElement>} */ (template.content.querySelectorAll('tr'));
  return new Map([...found].map((row) => [row.dataset.key ?? '', row]));
}

/**
 * The page of one job takes it anew from the server when something about that job changed.
 * @param {Element} job
 * @param {Change} change
 */
async function refreshJob(job, change) {
  const key = /** @type {HTMLElement} */ (job).dataset.key ?? '';
  if (!Object.values(change.lists).some(({ rows }) => key in rows)) return;
  const answer = await fetch(location.href).catch(() => undefined);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const wanted = page.querySelector('#job');
  if (wanted) morph(job, wanted);
  showTimes();
}

/** @type {string[]} */
let sentences = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let saying;

/** Tells those who hear the page; at most every 5 seconds, and then all that came together. */
function say(/** @type {string} */ text) {
  sentences.push(text);
  if (saying !== undefined) return;
  saying = setTimeout(() => {
    setText('#said', sentences.slice(-3).join(' '));
    sentences = [];
    saying = undefined;
  }, 5000);
}

/**
 * @param {string} selector
 * @param {string} text
 */
function setText(selector, text) {
  const element = document.querySelector(selector);
  if (element && element.textContent !== text) element.textContent = text;
}
