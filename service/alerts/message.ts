/** The text of an alert, and the body that its receiver takes. */
import type { AlertMessage, FailureGroup } from './state.ts';

/** Where alerts go. */
export interface AlertTarget {
  /** A secret: who knows it may write into the channel. */
  readonly url: URL;
  readonly receiver: Receiver;
}

export const RECEIVERS = ['discord', 'slack', 'json'] as const;
export type Receiver = (typeof RECEIVERS)[number];

/** The receiver that a URL belongs to. */
export function receiverOf({ hostname }: URL): Receiver {
  if (/^((ptb|canary)\.)?discord(app)?\.com$/.test(hostname)) return 'discord';
  return /^hooks\.slack(-gov)?\.com$/.test(hostname) ? 'slack' : 'json';
}

export function toAlertTarget(url: URL, kind: 'auto' | Receiver): AlertTarget {
  return { url, receiver: kind === 'auto' ? receiverOf(url) : kind };
}

/** What must stay out of the log: the URL, and those parts of it that are long enough to be the secret. */
export function webhookSecrets({ href, pathname, searchParams }: URL): string[] {
  const parts = [...pathname.split('/'), ...searchParams.values()];
  return [href, ...parts.filter((part) => part.length >= MIN_TOKEN)];
}

/** The body of the request, an object for JSON. `publicUrl` has no slash at its end. */
export function alertBody(message: AlertMessage, receiver: Receiver, publicUrl: string): object {
  const lines = linesOf(message, publicUrl);
  // Links are not unfolded, and no text of a tape calls anyone.
  if (receiver === 'discord') {
    return { content: render(lines, DISCORD), allowed_mentions: { parse: [] }, flags: SUPPRESS_EMBEDS };
  }
  if (receiver === 'slack') {
    return { text: render(lines, SLACK), mrkdwn: true, unfurl_links: false, unfurl_media: false };
  }
  const { id, at, host, began, ended, failures, notices = [] } = message;
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    source: 'oven',
    id,
    at: time(at),
    host,
    url: publicUrl,
    text: render(lines, PLAIN),
    began: began.map(({ since, ...one }) => ({ ...one, since: time(since) })),
    ended: ended.map(({ since, until, ...one }) => ({ ...one, since: time(since), until: time(until) })),
    failures: failures.map(({ since, examples, ...group }) => ({
      ...group,
      since: time(since),
      examples: examples.map((one) => ({ ...one, url: jobUrl(publicUrl, one.jobId) })),
    })),
    notices,
  };
}

/** Discord's limit for the content of a message, in characters. The others take more, but nobody reads more. */
const MAX_LENGTH = 2000;
/** Discord's flag of a message whose links show no previews. */
const SUPPRESS_EMBEDS = 1 << 2;
const MAX_QUOTE = 200;
/** Characters of a part of a URL that may be a token. */
const MIN_TOKEN = 16;

/** Text of Oven's own, text from elsewhere, or a link. */
type Part = string | { readonly quote: string } | { readonly link: string };
type Line = readonly Part[];

interface Style {
  readonly own: (text: string) => string;
  readonly quote: (text: string) => string;
  readonly link: (url: string) => string;
}

// In code no text is markup, a mention or a link.
const inCode = (text: string) => `\`${text.replaceAll('`', "'")}\``;
const entities = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const PLAIN: Style = { own: (text) => text, quote: (text) => text, link: (url) => url };
const DISCORD: Style = { own: (text) => text, quote: inCode, link: (url) => `<${url}>` };
const SLACK: Style = {
  own: entities,
  quote: (text) => inCode(entities(text)),
  link: (url) => `<${entities(url)}>`,
};

/** The lines as one text. Lines that do not fit are left out and counted; the last line stays. */
function render(lines: readonly Line[], style: Style): string {
  const texts = lines.map((line) => line.map((part) => renderPart(part, style)).join(''));
  const last = texts.pop() ?? '';
  const fits = (count: number) => [...texts.slice(0, count), leftOut(texts.length - count), last].join('\n');
  let count = texts.length;
  while (count > 0 && fits(count).length > MAX_LENGTH) count -= 1;
  return [
    ...texts.slice(0, count),
    ...(count < texts.length ? [leftOut(texts.length - count)] : []),
    last,
  ].join('\n');
}

function leftOut(count: number): string {
  return `… and ${count} more lines`;
}

function renderPart(part: Part, style: Style): string {
  if (typeof part === 'string') return style.own(part);
  return 'link' in part ? style.link(part.link) : style.quote(clean(part.quote));
}

/** One short line of characters that can be seen. */
function clean(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  const characters = [...line];
  return characters.length <= MAX_QUOTE ? line : `${characters.slice(0, MAX_QUOTE - 1).join('')}…`;
}

function linesOf(message: AlertMessage, publicUrl: string): Line[] {
  const { at, began, ended, failures, notices = [] } = message;
  return [
    ...notices.map((notice): Line => ['Oven: ', { quote: notice }]),
    ...began.map(
      (one): Line => [
        `Oven has a fault: ${one.code}. `,
        { quote: one.message },
        ` Since ${clock(one.since)}, on `,
        { quote: one.hosts.join(', ') },
        '.',
      ],
    ),
    ...ended.map(
      (one): Line => [
        one.isLost
          ? `Oven no longer hears of ${one.code}: its host is silent. `
          : `Good again: ${one.code}. `,
        { quote: one.message },
        ` It lasted ${duration(one.until - one.since)}.`,
      ],
    ),
    ...failures.flatMap((group) => failureLines(group, at, publicUrl)),
    ['Dashboard: ', { link: `${publicUrl}/` }],
  ];
}

function failureLines(group: FailureGroup, at: number, publicUrl: string): Line[] {
  const { kind, code, count, since, examples } = group;
  const one = kind === 'bake' ? 'tape failed' : 'callback was given up';
  const many = kind === 'bake' ? 'tapes failed' : 'callbacks were given up';
  const what = count === 1 ? `1 ${one}` : `${count} ${many} in ${duration(at - since)}`;
  const more = count - examples.length;
  return [
    [
      `${what}: ${code}.${more > 0 ? ` ${examples.length === 1 ? 'The first' : `The first ${examples.length}`}:` : ''}`,
    ],
    ...examples.map(
      ({ slug, jobId, message }): Line => [
        '- ',
        { quote: slug },
        ' ',
        { quote: message },
        ' ',
        { link: jobUrl(publicUrl, jobId) },
      ],
    ),
  ];
}

function jobUrl(publicUrl: string, jobId: string): string {
  return `${publicUrl}/jobs/${encodeURIComponent(jobId)}`;
}

/** A time of the day in UTC. */
function clock(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`;
}

function duration(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 120) return minutes === 1 ? 'a minute' : `${minutes} minutes`;
  return `${Math.round(minutes / 60)} hours`;
}
