import { stripVTControlCharacters } from 'node:util';

/** The outcome of a preview. */
export const OUTCOMES = ['same', 'changed', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The input of a report. */
export interface Preview {
  readonly kind: 'preview' | 'drift';
  readonly stack: string;
  readonly commit: string;
  /** The page of the run with the whole log. */
  readonly run: string;
  readonly outcome: Outcome;
  /** Pulumi's output without secrets. */
  readonly text: string;
}

/** GitHub takes 65,536 characters in a comment or an issue. This counts bytes, which are at least as many. */
export const LIMIT = 65_536;

/** Pulumi's status (ExitNoChanges; 1 in older versions) and sentence for changes with `--expect-no-changes`. */
const CHANGES_STATUS = 7;
const CHANGES_SENTENCE = /^error: no changes were expected.*$/m;

/** An invisible marker, which finds the comment or the issue again. */
export function marker(kind: Preview['kind'], stack: string): string {
  return `<!-- oven ${kind} ${stack.replace(/[^A-Za-z0-9._/-]/g, '')} -->`;
}

/** The outcome of a preview with `--expect-no-changes`. */
export function outcomeOf(status: number | undefined, text: string): Outcome {
  if (status === 0) return 'same';
  return status === CHANGES_STATUS || (status === 1 && CHANGES_SENTENCE.test(text)) ? 'changed' : 'failed';
}

/** The body of the comment or issue, cut to GitHub's limit. */
export function renderReport(preview: Preview): string {
  const text = plain(preview.text).replace(CHANGES_SENTENCE, '').trim();
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  const render = (shown: string) =>
    [
      marker(preview.kind, preview.stack),
      `### ${title(preview)}${preview.outcome === 'changed' ? counts(text) : ''}`,
      `Of ${preview.commit.slice(0, 12)}; [the whole run](${preview.run}).`,
      `<details><summary>What Pulumi says</summary>\n\n${fence}text\n${shown}\n${fence}\n</details>`,
      ...(preview.kind === 'drift' ? [REMEDY] : []),
    ].join('\n\n');
  return render(truncate(text, LIMIT - Buffer.byteLength(render(''))));
}

/** The report in place of one that can't be shown: GitHub drops an output that contains a secret. */
export function renderWithheld(kind: Preview['kind'], stack: string, run: string): string {
  return `${marker(kind, stack)}\n\n### The preview of \`${stack}\` is not shown\n\nGitHub held it back, as it seems to have a secret in it. [The run](${run}) has it, masked.`;
}

/** The report of a preview that ended early: credentials are missing, or packages could not be installed. */
export function renderUnfinished(kind: Preview['kind'], stack: string, run: string, reason?: string): string {
  const why = reason === undefined ? '' : `${reason} `;
  return `${marker(kind, stack)}\n\n### The preview of \`${stack}\` failed\n\nIt ended before it could look. ${why}[The run](${run}) says more.`;
}

const REMEDY =
  'A change by hand is put back by `pulumi up --refresh`, or by running the workflow *Deploy* on main with *refresh* ticked: a deployment ' +
  'without it compares with the state alone, and leaves the change as it is. What is on main and was not deployed counts as a difference ' +
  'too. This issue is kept current every night and closed when nothing differs.';

function title({ kind, stack, outcome }: Preview): string {
  if (outcome === 'failed') return `The preview of \`${stack}\` failed`;
  if (outcome === 'same') return `Nothing would change in \`${stack}\``;
  return kind === 'drift' ? `\`${stack}\` differs from main` : `Changes to \`${stack}\``;
}

/** The counts below "Resources:", such as ": 2 to update, 40 unchanged". */
function counts(text: string): string {
  const [, block = ''] = /^Resources:\n((?: +.*(?:\n|$))+)/m.exec(text) ?? [];
  const list = block.match(/\d+ (?:to [a-z]+|unchanged)/g);
  return list ? `: ${list.join(', ')}` : '';
}

/** Removes colours, characters that hide or reverse others, and long rows of backticks, which would lengthen the fence. */
function plain(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, '')
      .replace(/`{20,}/g, '`'.repeat(20))
  );
}

/** Cuts a text to `room` bytes: it keeps the beginning, and the end with the summary. */
export function truncate(text: string, room: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= room) return text;
  const note = '\n\n… left out; the run’s log has it …\n\n';
  const left = room - Buffer.byteLength(note);
  if (left < 0) return head(bytes, Math.max(0, room));
  const end = Math.floor(left / 4);
  return head(bytes, left - end) + note + tail(bytes, end);
}

/** The first bytes, cut after a whole line of their second half if there is one, and not within a character. */
function head(bytes: Buffer, length: number): string {
  const part = bytes.subarray(0, length);
  const line = part.lastIndexOf(0x0a);
  let stop = line > length / 2 ? line : length;
  while (stop > 0 && isInside(bytes[stop])) stop--;
  return bytes.toString('utf8', 0, stop);
}

function tail(bytes: Buffer, length: number): string {
  let start = bytes.length - length;
  const line = bytes.indexOf(0x0a, start);
  if (line !== -1 && line - start < length / 2) start = line + 1;
  while (start < bytes.length && isInside(bytes[start])) start++;
  return bytes.toString('utf8', start);
}

/** Whether a byte continues a character. */
function isInside(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
