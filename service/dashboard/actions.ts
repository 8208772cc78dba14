/** What an operator can do with a job: buttons, each with a question. browser/actions.js asks it and sends the request. */
import type { TapeReport } from '../queue/status.ts';
import { type Markup, markup } from './markup.ts';
import { groupOf, type RowGroup } from './row.ts';

interface Action {
  readonly name: string;
  /** Ends with a question mark. */
  readonly question: string;
  /** What the button says that means yes. */
  readonly yes: string;
  readonly method: 'POST' | 'DELETE';
  readonly path: (report: Pick<TapeReport, 'jobId' | 'slug'>) => string;
  /** What is said afterwards. */
  readonly done: string;
  readonly groups: readonly RowGroup[];
}

const ACTIONS: readonly Action[] = [
  {
    name: 'Retry',
    question: 'Bake this tape again, whatever it failed for?',
    yes: 'Bake again',
    method: 'POST',
    path: ({ jobId }) => `/jobs/${jobId}/retry`,
    done: 'It is in the queue again.',
    groups: ['failed'],
  },
  {
    name: 'Cancel',
    question: 'Stop this tape? The site is told that it failed with CANCELLED.',
    yes: 'Stop it',
    method: 'POST',
    path: ({ jobId }) => `/jobs/${jobId}/cancel`,
    done: 'It is told to stop.',
    groups: ['waiting', 'baking'],
  },
  {
    name: 'Replay callback',
    question: 'Send the callback again, under the same webhook-id?',
    yes: 'Send it again',
    method: 'POST',
    path: ({ jobId }) => `/jobs/${jobId}/replay-callback`,
    done: 'The callback is sent again.',
    groups: ['done', 'failed'],
  },
  {
    name: 'Purge',
    question:
      'Remove the stored files, the history and the queued work of every tape of this name? They do not come back.',
    yes: 'Remove all of it',
    method: 'DELETE',
    path: ({ slug }) => `/tapes/${encodeURIComponent(slug)}`,
    done: 'Everything of this name is removed.',
    groups: ['waiting', 'baking', 'done', 'failed'],
  },
];

/** The buttons for a job in its state. */
export function renderActions(report: TapeReport): Markup {
  const group = groupOf(report.status);
  const buttons = ACTIONS.filter(({ groups }) => groups.includes(group)).map(
    (action) =>
      markup`<button type="button" data-method="${action.method}" data-path="${action.path(report)}" data-question="${action.question}" data-yes="${action.yes}" data-done="${action.done}">${action.name}</button>`,
  );
  return markup`<div class="actions" role="group" aria-label="Actions">${buttons}</div>
    <noscript><p>The buttons need JavaScript. <code>oven retry</code>, <code>cancel</code>, <code>replay</code> and <code>purge</code> do the same.</p></noscript>`;
}

/** The dialog that asks. It stands outside of what changes, so that no news closes it. */
export function renderQuestion(): Markup {
  return markup`<p id="outcome" hidden></p>
  <dialog id="ask" aria-labelledby="question">
    <form method="dialog">
      <p id="question"></p>
      <p class="answers"><button value="no" autofocus>Leave it as it is</button> <button id="yes" value="yes"></button></p>
    </form>
  </dialog>`;
}
