import { expect, it } from 'vitest';
import { OvenError } from '../../service/errors.ts';
import { openLog } from '../../service/lib/log.ts';
import { logEvents } from '../../service/worker/events.ts';
import { openQueueFixture, RESULT, requestFor, useRedis } from '../queue/fixture.ts';
import { until } from '../rig/until.ts';

const { redis } = useRedis();
const SECRET = 'a-marked-secret';

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly jobId?: string;
  readonly [field: string]: unknown;
}

/** Workers whose log is kept. */
function openLogged() {
  const own = openQueueFixture(redis(), { attempts: 2 });
  const lines: Line[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const events = logEvents(openLog({ level: 'info', secrets: [SECRET], stream }));
  return { ...own, events, linesOf: (jobId: string) => lines.filter((line) => line.jobId === jobId) };
}

it('The log has one line for each event of a tape that is baked and delivered', async () => {
  const { queue, work, events, linesOf, calls } = openLogged();
  await work({ events });
  const { jobId } = await queue.submit(requestFor('a'));
  await calls(1);
  await until('the last line', () => linesOf(jobId).length === 3);
  expect(linesOf(jobId)).toMatchObject([
    { level: 'info', msg: 'bake started', slug: 'a', attempt: 1 },
    { level: 'info', msg: 'bake ended', slug: 'a', attempt: 1, bytes: RESULT.bytes },
    { level: 'info', msg: 'callback delivered', slug: 'a', attempt: 1, ms: expect.any(Number) },
  ]);
});

it.each([
  ['NOT_A_ZIP', ['info']],
  ['SOURCE_UNREACHABLE', ['info', 'info']],
  ['FFMPEG_FAILED', ['warn', 'error']],
  ['BAKE_TIMEOUT', ['error']],
  ['VERIFY_FAILED', ['error']],
  ['INTERNAL', ['error']],
] as const)(
  'A bake that fails with %s is in the log with its causes at each attempt, at the levels %j',
  async (code, levels) => {
    const { queue, work, events, linesOf } = openLogged();
    await work({
      events,
      bake: async (_request, { onProgress }) => {
        onProgress({ stage: 'encoding', progress: 0.5 });
        const cause = new Error(`the last lines of the encoder ${SECRET}`);
        throw code === 'INTERNAL'
          ? new TypeError('a bug', { cause })
          : new OvenError(code, undefined, { cause });
      },
      deliver: async () => ({ lastError: 'The receiver answered 500.' }),
    });
    const { jobId } = await queue.submit(requestFor(`f-${code}`));
    await until('the last line', () => linesOf(jobId).some(({ msg }) => msg === 'callback given up'));
    const failed = linesOf(jobId).filter(({ msg }) => msg === 'bake failed');
    expect(failed.map(({ level }) => level)).toEqual(levels);
    for (const [n, line] of failed.entries()) {
      expect(line).toMatchObject({
        code,
        attempt: n + 1,
        stage: 'encoding',
        err: { cause: { message: 'the last lines of the encoder [redacted]' } },
      });
    }
    expect(linesOf(jobId).at(-1)).toMatchObject({ level: 'error', lastError: 'The receiver answered 500.' });
  },
);

it('Every job that fails has its line in the log, however many fail with the same error', async () => {
  const { queue, work, events, linesOf, is } = openLogged();
  await work({ events, bake: () => Promise.reject(new OvenError('NOT_A_ZIP')) });
  const jobs = await Promise.all(Array.from({ length: 20 }, (_, n) => queue.submit(requestFor(`many-${n}`))));
  for (const { jobId } of jobs) {
    await is(jobId, 'failed');
    await until('its line', () => linesOf(jobId).some(({ msg }) => msg === 'bake failed'));
  }
});

it('The log names no private tape, in no field and no text of an error, and keeps the rest of the cause', async () => {
  const { queue, work, events, linesOf } = openLogged();
  const folder = '/work/auth0%7Czq-user/zq-slug.zip';
  await work({
    events,
    bake: async () => {
      const said = 'ffmpeg: zq-slug.mp4, auth0|zq-user, zq-id, zq1: abcd-zq1y is no video';
      const cause = Object.assign(new Error(said), { code: 'EIO' });
      throw new OvenError('FFMPEG_FAILED', `It is https://art.test${folder}?signature=1`, { cause });
    },
    deliver: async () => ({ lastError: 'The receiver answered 500.' }),
  });
  const { jobId } = await queue.submit(
    requestFor('zq-slug', {
      private: true,
      code: 'zq1',
      mongoId: 'zq-id',
      fileName: 'zq-file',
      zipUrl: `https://art.test${folder}?signature=1`,
    }),
  );
  await until('the last line', () => linesOf(jobId).some(({ msg }) => msg === 'callback given up'));
  expect(JSON.stringify(linesOf(jobId)).replaceAll('abcd-zq1y', '')).not.toContain('zq');
  const failed = linesOf(jobId).find(({ msg }) => msg === 'bake failed');
  expect(failed?.err).toMatchObject({
    cause: { code: 'EIO', message: expect.stringMatching(/^ffmpeg: .* is no video$/) },
  });
});
