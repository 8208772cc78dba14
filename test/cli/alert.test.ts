import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it, onTestFinished } from 'vitest';

const OVEN = join(import.meta.dirname, '../../bin/oven.js');
const TOKEN = 'a-token-that-nobody-may-see';

function oven(args: readonly string[], env: NodeJS.ProcessEnv) {
  const options = { env: { PATH: process.env.PATH, ...env }, extendEnv: false, reject: false };
  return execa(process.execPath, [OVEN, ...args], options);
}

/** A receiver on loopback that answers with these statuses, then with 204. */
async function startReceiver(...statuses: number[]) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    response.writeHead(statuses.shift() ?? 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${TOKEN}` };
}

it('`oven alert --test` sends a test in the form of its receiver, and tries again when that is busy', async () => {
  const { bodies, url } = await startReceiver(503);
  const env = { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_KIND: 'discord', PUBLIC_URL: 'https://oven.example' };
  const { exitCode, stdout, stderr } = await oven(['alert', '--test'], env);
  expect([exitCode, stdout, stderr]).toEqual([0, 'sent, in the form for discord', '']);
  expect(bodies).toHaveLength(2);
  expect(JSON.parse(bodies[1]!)).toEqual({
    content: 'Oven: `This is a test of the alerts. Nothing is wrong.`\nDashboard: <https://oven.example/>',
    allowed_mentions: { parse: [] },
    flags: 4,
  });
});

it('`oven alert TEXT` sends the text', async () => {
  const { bodies, url } = await startReceiver();
  expect(await oven(['alert', 'Lunch.'], { ALERT_WEBHOOK_URL: url })).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(bodies[0]!)).toMatchObject({ source: 'oven', notices: ['Lunch.'] });
});

it.each<[string, string[], NodeJS.ProcessEnv, number, string]>([
  ['no receiver', ['--test'], {}, 2, 'oven: ALERT_WEBHOOK_URL is not set: nobody is told'],
  [
    'a wrong URL',
    ['--test'],
    { ALERT_WEBHOOK_URL: `ftp://a.example/${TOKEN}` },
    2,
    'oven: ALERT_WEBHOOK_URL must be a URL (https://… or http://…) without user, password and fragment',
  ],
  [
    'no text',
    [],
    { ALERT_WEBHOOK_URL: `http://127.0.0.1:1/${TOKEN}` },
    2,
    'oven: there is no TEXT to send; --test sends a test',
  ],
])('`oven alert` with %s says so in one line', async (_what, args, env, code, line) => {
  const { exitCode, stderr } = await oven(['alert', ...args], env);
  expect([exitCode, stderr]).toEqual([code, line]);
});

it('A receiver that refuses the alert ends `oven alert` with one line, which does not show its URL', async () => {
  const { bodies, url } = await startReceiver(404);
  const { exitCode, stdout, stderr } = await oven(['alert', '--test'], { ALERT_WEBHOOK_URL: url });
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(stderr).toBe('oven: the alert was not sent: The receiver answered 404.');
  expect(bodies).toHaveLength(1);
});
