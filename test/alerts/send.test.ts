import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { Receiver } from '../../service/alerts/message.ts';
import { type SendOptions, sendAlert } from '../../service/alerts/send.ts';
import type { AlertMessage } from '../../service/alerts/state.ts';

const MESSAGE: AlertMessage = {
  id: 'm',
  at: 0,
  host: 'h',
  began: [],
  ended: [],
  failures: [],
  notices: ['Hello.'],
};

/** Sends to a receiver on loopback that answers so. */
async function sendTo(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: Partial<SendOptions> & { receiver?: Receiver } = {},
) {
  const requests: { url: string | undefined; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ url: request.url, body });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { receiver = 'json', ...more } = options;
  const url = new URL(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/token-of-16-chars?a=b`,
  );
  const sent = await sendAlert(MESSAGE, {
    target: { url, receiver },
    publicUrl: 'https://oven.example',
    ...more,
  });
  return { sent, requests };
}

it.each<[string, number, Record<string, string>, string, unknown]>([
  ['204, as Discord', 204, {}, '', 'sent'],
  ['200 ok, as Slack', 200, {}, 'ok', 'sent'],
  ['404, as for a webhook that was removed', 404, {}, '', { error: 'The receiver answered 404.' }],
  ['a redirect', 302, { location: 'http://127.0.0.1:1/' }, '', { error: 'The receiver answered 302.' }],
  ['500', 500, {}, '', { error: 'The receiver answered 500.', retryInMs: 0 }],
  [
    '429 with Retry-After',
    429,
    { 'retry-after': '7' },
    '',
    { error: 'The receiver answered 429.', retryInMs: 7000 },
  ],
  [
    '429 with retry_after, as Discord',
    429,
    { 'retry-after': '1' },
    '{"message":"You are being rate limited.","retry_after":1.337,"global":false}',
    { error: 'The receiver answered 429.', retryInMs: 1337 },
  ],
  [
    '429 that asks for days',
    429,
    { 'retry-after': '999999' },
    '',
    { error: 'The receiver answered 429.', retryInMs: 3_600_000 },
  ],
])('A receiver that answers %s', async (_what, status, headers, text, expected) => {
  const { sent, requests } = await sendTo((_request, response) =>
    response.writeHead(status, headers).end(text),
  );
  expect(sent).toEqual(expected);
  expect(requests).toHaveLength(1);
  expect(requests[0]!.url).toBe('/hook/token-of-16-chars?a=b');
  expect(JSON.parse(requests[0]!.body)).toMatchObject({ notices: ['Hello.'] });
});

it('A receiver that hangs is left after the timeout', async () => {
  const { sent } = await sendTo(() => {}, { timeoutMs: 200 });
  expect(sent).toEqual({ error: 'There was no answer within 0.2 s.', retryInMs: 0 });
});

it('An answer whose body never ends does not keep the sender', async () => {
  const { sent } = await sendTo((_request, response) => response.writeHead(200).write('o'));
  expect(sent).toBe('sent');
});

it('A receiver that is not there leads to another attempt, and the error does not name it', async () => {
  const url = new URL('http://127.0.0.1:1/hook/token-of-16-chars');
  const sent = await sendAlert(MESSAGE, {
    target: { url, receiver: 'json' },
    publicUrl: 'https://oven.example',
  });
  expect(sent).toEqual({ error: 'The receiver can not be reached (ECONNREFUSED).', retryInMs: 0 });
});

it.each(['127.0.0.1', 'localhost'])('The operator learns that %s is no public address', async (host) => {
  let noticed = 0;
  const url = new URL(`http://${host}:1/`);
  const onPrivateAddress = () => {
    noticed += 1;
  };
  await sendAlert(MESSAGE, {
    target: { url, receiver: 'json' },
    publicUrl: 'https://a.example',
    onPrivateAddress,
  });
  expect(noticed).toBeGreaterThan(0);
});

it('A service that ends does not wait for its receiver', async () => {
  const end = new AbortController();
  const sending = sendTo(() => end.abort(new Error('the end')), { signal: end.signal });
  await expect(sending).rejects.toThrow('the end');
});
