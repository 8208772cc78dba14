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

async function openReports(answer?: Answer, options: Partial<ProgressOptions> = {}) {
  const there = await startReceiver(answer);
  onTestFinished(() => there.close());
  const isAllowed = () => ({ trusted: true });
  const report = openProgressReports({ secrets: openSecrets([SECRET]), isAllowed, ...options });
  const reporter = report(requestTo(`${there.url}/progress`), 'job-1');
  onTestFinished(() => reporter.end());
  return { ...there, reporter, report };
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
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
}

it('A progress report has stage and percent, is signed, and is sent at once', async () => {
  const { received, reporter } = await openReports();
  reporter.report({ stage: 'encoding', progress: 0.4567 });
  const { body, headers } = await until('it is told', () => received[0]);
  new Webhook(Buffer.from(SECRET), { format: 'raw' }).verify(body, headers as Record<string, string>);
  expect(JSON.parse(body)).toEqual({
    mongoId: 'm1',
    slug: 'tape',
    jobId: 'job-1',
    stage: 'encoding',
    percent: 45,
  });
  // The trace is the request's, and the message is a step of its own in it.
  expect(headers.traceparent).toMatch(
    /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/,
  );
});

it('Only the latest progress is reported, and not before its time', async () => {
  const { received, reporter } = await openReports(undefined, { everyMs: 200 });
  for (let n = 0; n <= 100; n += 1) reporter.report({ stage: 'encoding', progress: n / 100 });
  await until('the last is told', () => received.some(({ body }) => JSON.parse(body).percent === 100));
  expect(received.length).toBeLessThanOrEqual(2);
  const [first, second] = received.map(({ at }) => at);
  if (second !== undefined) expect(second - first!).toBeGreaterThanOrEqual(150);
});

it('A slow receiver gets fewer progress reports, one at a time', async () => {
  const waiting: (() => void)[] = [];
  const { received, reporter } = await openReports((response) => waiting.push(() => response.end()), {
    everyMs: 0,
  });
  reporter.report({ stage: 'downloading', progress: 0 });
  await until('the first is there', () => received.length === 1);
  for (const progress of [0.2, 0.3, 0.4]) reporter.report({ stage: 'encoding', progress });
  expect(received).toHaveLength(1);
  waiting[0]!();
  await until('the second is there', () => received.length === 2);
  expect(JSON.parse(received[1]!.body).percent).toBe(40);
});

it('No progress is reported twice, and none after the end', async () => {
  const { received, reporter } = await openReports(undefined, { everyMs: 0 });
  reporter.report({ stage: 'encoding', progress: 0.5 });
  await until('it is told', () => received.length === 1);
  reporter.report({ stage: 'encoding', progress: 0.501 });
  await delay(100); // a report that is not sent gives no sign to wait for
  reporter.end();
  reporter.report({ stage: 'uploading', progress: 0.9 });
  await delay(100);
  expect(received).toHaveLength(1);
});

it('A missing receiver and a missing progressUrl do no harm', async () => {
  const { report } = await openReports();
  for (const url of [undefined, `http://127.0.0.1:${await freePort()}/`]) {
    const reporter = report(requestTo(url), 'job-1');
    reporter.report({ stage: 'encoding', progress: 0.5 });
    await delay(100);
    reporter.report({ stage: 'encoding', progress: 0.6 });
    reporter.end();
  }
});
