import { expect, it } from 'vitest';
import { alertBody, RECEIVERS, receiverOf, webhookSecrets } from '../../service/alerts/message.ts';
import type { AlertMessage, FailureGroup } from '../../service/alerts/state.ts';

const AT = Date.UTC(2026, 0, 1, 12, 5);
const NOTHING: AlertMessage = { id: 'm', at: AT, host: 'h', began: [], ended: [], failures: [] };
const URL_ = 'https://oven.example';

function failure(slug: string, message: string, more: Partial<FailureGroup> = {}): FailureGroup {
  const examples = [{ slug, jobId: 'j1', message }];
  return { kind: 'bake', code: 'NOT_A_ZIP', count: 1, since: AT - 60_000, examples, ...more };
}

const textOf = (message: AlertMessage, receiver: (typeof RECEIVERS)[number]) => {
  const body = alertBody(message, receiver, URL_) as { text?: string; content?: string };
  return body.text ?? body.content ?? '';
};

it.each([
  ['https://discord.com/api/webhooks/1/abc', 'discord'],
  ['https://ptb.discord.com/api/webhooks/1/abc', 'discord'],
  ['https://discordapp.com/api/webhooks/1/abc', 'discord'],
  ['https://hooks.slack.com/services/T/B/x', 'slack'],
  ['https://hooks.slack-gov.com/services/T/B/x', 'slack'],
  ['https://notdiscord.com/api/webhooks/1/abc', 'json'],
  ['https://discord.com.example/api', 'json'],
  ['http://127.0.0.1:9000/x', 'json'],
])('The receiver of %s is %s', (url, receiver) => {
  expect(receiverOf(new URL(url))).toBe(receiver);
});

it('An alert names what began, what ended and what failed, each with a link', () => {
  const message: AlertMessage = {
    ...NOTHING,
    began: [{ code: 'REDIS', message: 'Redis takes no writes.', since: AT - 300_000, hosts: ['a', 'b'] }],
    ended: [
      { code: 'FAILING', message: '3 of 3 failed.', since: 0, until: 300_000, isLost: false },
      { code: 'DISK_LOW', message: 'Little.', since: 0, until: 9e6, isLost: true },
    ],
    failures: [
      failure('one', 'No ZIP.', { count: 200 }),
      failure('two', 'The receiver answered 500.', { kind: 'callback', code: 'CALLBACK_GIVEN_UP' }),
    ],
  };
  expect(textOf(message, 'json').split('\n')).toEqual([
    'Oven has a fault: REDIS. Redis takes no writes. Since 12:00 UTC, on a, b.',
    'Good again: FAILING. 3 of 3 failed. It lasted 5 minutes.',
    'Oven no longer hears of DISK_LOW: its host is silent. Little. It lasted 3 hours.',
    '200 tapes failed in a minute: NOT_A_ZIP. The first:',
    '- one No ZIP. https://oven.example/jobs/j1',
    '1 callback was given up: CALLBACK_GIVEN_UP.',
    '- two The receiver answered 500. https://oven.example/jobs/j1',
    'Dashboard: https://oven.example/',
  ]);
});

const HOSTILE =
  '@everyone <@1> **b** `code` [x](https://evil.example) <!channel> & "\n\u202e\u0000https://evil.example';

it('In Discord text from elsewhere is code, and calls nobody', () => {
  const body = alertBody({ ...NOTHING, failures: [failure('a_b_c', HOSTILE)] }, 'discord', URL_);
  expect(body).toMatchObject({ allowed_mentions: { parse: [] }, flags: 4 });
  const { content } = body as { content: string };
  // Outside of code and of Oven's own links there is nothing of it.
  const outside = content.replace(/`[^`\n]*`/g, '').replace(/<https:\/\/oven\.example\/[^>]*>/g, '');
  expect(outside).not.toMatch(/[@<>*[\]&]|evil|a_b_c/);
  expect(content).toContain("`a_b_c` `@everyone <@1> **b** 'code' [x]");
});

it('In Slack text from elsewhere is code with its three control characters escaped', () => {
  const body = alertBody({ ...NOTHING, failures: [failure('a_b_c', HOSTILE)] }, 'slack', URL_);
  expect(body).toMatchObject({ unfurl_links: false, unfurl_media: false });
  const { text } = body as { text: string };
  const outside = text.replace(/`[^`\n]*`/g, '').replace(/<https:\/\/oven\.example\/[^>]*>/g, '');
  expect(outside).not.toMatch(/[@<>*[\]&]|evil/);
  expect(text).toContain('&lt;!channel&gt; &amp; "');
  expect(text.replace(/<https:\/\/oven\.example\/[^>]*>/g, '')).not.toMatch(/[<>]/);
});

it.each(RECEIVERS)('An alert for %s has at most 2000 characters, and the last line stays', (receiver) => {
  const many = Array.from({ length: 60 }, (_, index) =>
    failure(`slug-${index}`, '&'.repeat(500), { code: `CODE_${index}` }),
  );
  const text = textOf({ ...NOTHING, failures: many }, receiver);
  expect(text.length).toBeLessThanOrEqual(2000);
  expect(text.length).toBeGreaterThan(500);
  expect(text).toMatch(/… and \d+ more lines\nDashboard: <?https:\/\/oven\.example\/>?$/);
});

it('A text that is cut or has halves of characters stays well-formed', () => {
  const text = textOf({ ...NOTHING, failures: [failure('a', `\ud83c${'🔥'.repeat(300)}`)] }, 'discord');
  expect(text.isWellFormed()).toBe(true);
  expect(text).toMatch(/🔥…`/);
});

it('The body for other receivers is JSON with times and links, and with the text', () => {
  const began = [{ code: 'REDIS', message: 'm', since: AT, hosts: ['a'] }];
  expect(alertBody({ ...NOTHING, began, failures: [failure('a', 'b')] }, 'json', URL_)).toEqual({
    source: 'oven',
    id: 'm',
    at: '2026-01-01T12:05:00.000Z',
    host: 'h',
    url: URL_,
    text: expect.stringContaining('REDIS'),
    began: [{ code: 'REDIS', message: 'm', since: '2026-01-01T12:05:00.000Z', hosts: ['a'] }],
    ended: [],
    failures: [
      {
        kind: 'bake',
        code: 'NOT_A_ZIP',
        count: 1,
        since: '2026-01-01T12:04:00.000Z',
        examples: [{ slug: 'a', jobId: 'j1', message: 'b', url: 'https://oven.example/jobs/j1' }],
      },
    ],
    notices: [],
  });
});

it('The secrets of a webhook are its URL and every part that is long enough for a token', () => {
  const url = new URL('https://a.example/hooks/0123456789abcdef?key=fedcba9876543210&x=1');
  expect(webhookSecrets(url)).toEqual([url.href, '0123456789abcdef', 'fedcba9876543210']);
});
