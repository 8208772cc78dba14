import { applyFilter } from './filter.js';
import { morph, updateRows } from './morph.js';
import { updateTimes } from './times.js';

/**
 * @typedef {object} Change as in change.ts
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

/** Follows the service's changes while the page is visible. A tab in the background holds no connection. */
export function followChanges() {
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  open();
}

function open() {
  if (source || document.hidden) return;
  source = new EventSource('/events');
  source.addEventListener('open', () => showConnection('on'));
  source.addEventListener('change', (event) => apply(JSON.parse(event.data)));
  source.addEventListener('error', () => {
    showConnection('lost');
    // After a refusal (not an interruption) the browser does not try again by itself.
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
function showConnection(state) {
  const link = /** @type {HTMLElement} */ (document.querySelector('#link'));
  if (link.dataset.state === state) return;
  if (state === 'lost') announce('The connection was lost. The page tries to get it back.');
  else if (link.dataset.state === 'lost') announce('The connection is back.');
  link.dataset.state = state;
  setText('#link-text', TEXTS[state]);
}

/** @param {Change} change */
function apply(change) {
  setText('#headline', change.headline);
  setText('#trouble', change.trouble);
  document.body.classList.toggle('busy', change.busy);
  if (change.announcement) announce(change.announcement);
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
  updateTimes();
  for (const key of lost) if (key !== undefined) restoreFocus(key);
}

/** The row with the focus moved to another list or is gone: the focus follows it, or goes to the list's heading. */
function restoreFocus(/** @type {string} */ key) {
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
 * Loads the page of one job again when that job changed.
 * @param {Element} job
 * @param {Change} change
 */
async function refreshJob(job, change) {
  const key = /** @type {HTMLElement} */ (job).dataset.key ?? '';
  if (Object.values(change.lists).some(({ rows }) => key in rows)) await reloadJob();
}

/** Brings the page of one job up to date. */
export async function reloadJob() {
  const job = document.querySelector('#job');
  const answer = await fetch(location.href).catch(() => undefined);
  if (!job || !answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const wanted = page.querySelector('#job');
  if (wanted) morph(job, wanted);
  updateTimes();
}

/** @type {string[]} */
let sentences = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let announcing;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let clearing;

/**
 * Announces a sentence to screen readers. Sentences that come within 5 seconds are announced together. The text goes after some
 * seconds: the same sentence is heard again when it comes again, and nobody finds old news.
 */
export function announce(/** @type {string} */ text) {
  sentences.push(text);
  if (announcing !== undefined) return;
  announcing = setTimeout(() => {
    setText('#said', sentences.slice(-3).join(' '));
    sentences = [];
    announcing = undefined;
    clearTimeout(clearing);
    clearing = setTimeout(() => setText('#said', ''), 4500);
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
