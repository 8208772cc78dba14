import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { expect, it, onTestFinished } from 'vitest';
import { openProgressReports, type ProgressOptions } from '../../service/callback/progress.ts';
import { openSecrets } from '../../service/callback/secrets.ts';
import type { BakeRequest } from '../../service/schemas/request.ts';
import { freePort } from '../rig/port.ts';
import { until } from '../rig/until.ts';
import { type Answer, startReceiver } from './receiver.ts';

const SECRET = 'a secret';

async function kit(answer?: Answer, options: Partial<ProgressOptions> = {}) {
  const there = await startReceiver(answer);
  onTestFinished(() => there.close());
  const isAllowed = () => ({ trusted: true });
  const report = openProgressReports({ secrets: openSecrets([SECRET]), isAllowed, ...options });
  const teller = report(requestTo(`${there.url}/progress`), 'job-1');
  onTestFinished(() => teller.end());
  return { ...there, teller, report };
}

function requestTo(progressUrl: string | undefined): BakeRequest {
  return {
    mongoId: 'm1',
    slug: 'tape',
    zipUrl: 'https://art.test/t.zip',
    outputs: [],
    progressUrl,
    callbackUrl: 'https://site.test',
    secretFingerprint: 'f',
  };
}

it('tells stage and percent at once, signed', async () => {
  const { received, teller } = await kit();
  teller.report({ stage: 'encoding', progress: 0.4567 });
  const { body, headers } = await until('it is told', () => received[0]);
  new Webhook(Buffer.from(SECRET), { format: 'raw' }).verify(body, headers as Record<string, string>);
  expect(JSON.parse(body)).toEqual({
    mongoId: 'm1',
    slug: 'tape',
    jobId: 'job-1',
    stage: 'encoding',
    percent: 45,
  });
});

it('tells only the latest, and no sooner than it may', async () => {
  const { received, teller } = await kit(undefined, { everyMs: 200 });
  for (let n = 0; n <= 100; n += 1) teller.report({ stage: 'encoding', progress: n / 100 });
  await until('the last is told', () => received.some(({ body }) => JSON.parse(body).percent === 100));
  expect(received.length).toBeLessThanOrEqual(2);
  const [first, second] = received.map(({ at }) => at);
  if (second !== undefined) expect(second - first!).toBeGreaterThanOrEqual(150);
});

it('sends one at a time: a slow receiver gets fewer', async () => {
  const waiting: (() => void)[] = [];
  const { received, teller } = await kit((response) => waiting.push(() => response.end()), { everyMs: 0 });
  teller.report({ stage: 'downloading', progress: 0 });
  await until('the first is there', () => received.length === 1);
  for (const progress of [0.2, 0.3, 0.4]) teller.report({ stage: 'encoding', progress });
  expect(received).toHaveLength(1);
  waiting[0]!();
  await until('the second is there', () => received.length === 2);
  expect(JSON.parse(received[1]!.body).percent).toBe(40);
});

it('says nothing twice, and nothing after the end', async () => {
  const { received, teller } = await kit(undefined, { everyMs: 0 });
  teller.report({ stage: 'encoding', progress: 0.5 });
  await until('it is told', () => received.length === 1);
  teller.report({ stage: 'encoding', progress: 0.501 });
  await delay(100); // there is no sign of what does not come
  teller.end();
  teller.report({ stage: 'uploading', progress: 0.9 });
  await delay(100);
  expect(received).toHaveLength(1);
});

it('survives a receiver that is not there, and a request without progressUrl', async () => {
  const { report } = await kit();
  for (const url of [undefined, `http://127.0.0.1:${await freePort()}/`]) {
    const teller = report(requestTo(url), 'job-1');
    teller.report({ stage: 'encoding', progress: 0.5 });
    await delay(100);
    teller.report({ stage: 'encoding', progress: 0.6 });
    teller.end();
  }
});
