import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { ImageProcess } from '../../../service/bake/images/process.ts';
import { OUTPUTS } from '../../../service/bake/outputs.ts';
import { rgba } from '../../tapes/canvas.ts';
import { bars } from '../fixture.ts';
import { failure, isAlive } from '../scratch.ts';

const picture = await bars(64, 48, [rgba(220, 30, 30), rgba(30, 60, 220)]);
const REQUEST = {
  ask: 'still' as const,
  png: picture,
  frame: { width: 64, height: 48 },
  side: 128,
  codec: OUTPUTS.thumbnail.formats.jpeg.codec,
};

const folder = mkdtempSync(join(tmpdir(), 'oven-images-'));
afterAll(() => rmSync(folder, { recursive: true }));

function open() {
  const stop = new AbortController();
  const images = new ImageProcess(0);
  onTestFinished(() => images.stop());
  const request = (request: typeof REQUEST, name = 'still') =>
    images.request({ ...request, output: join(folder, name) }, stop.signal);
  return { images, stop, request };
}

/** The image processes that this process has started. */
function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = / (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!)![1];
        return (
          Number(parent) === process.pid &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('images/main.js')
        );
      } catch {
        return false; // it ended meanwhile
      }
    });
}

it('The image process responds to many requests in turn, and ends when it is stopped', async () => {
  const { images, request } = open();
  const answers = await Promise.all(['1', '2', '3'].map((name) => request(REQUEST, name)));
  for (const [n, { width, height, bytes }] of answers.entries()) {
    expect([width, height]).toEqual([128, 96]);
    const image = readFileSync(join(folder, `${n + 1}`));
    expect(image).toHaveLength(bytes);
    expect(image.subarray(0, 2).toString('hex')).toBe('ffd8');
  }
  const [pid, ...others] = processes();
  expect(others).toEqual([]);
  await images.stop();
  expect(isAlive(pid!)).toBe(false);
});

it('The image process has nothing of the service’s environment, and leads a process group of its own', async () => {
  process.env.CALLBACK_SECRET = 'whsec_of-nobody-else';
  onTestFinished(() => {
    delete process.env.CALLBACK_SECRET;
  });
  const { request } = open();
  await request(REQUEST);
  const [pid] = processes();
  const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .map((line) => line.split('=')[0]);
  expect(names.filter((name) => name && !name.startsWith('NODE_CHANNEL_'))).toEqual(['MALLOC_ARENA_MAX']);
  const group = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[2];
  expect(Number(group)).toBe(pid);
});

it('An abort kills the image process in the middle of its work', async () => {
  const { stop, request } = open();
  await request(REQUEST);
  const [pid] = processes();
  const large = await bars(1400, 1400, [rgba(220, 30, 30), rgba(30, 60, 220)]);
  const asked = request({ ...REQUEST, png: large, frame: { width: 1400, height: 1400 }, side: 4096 });
  await setImmediate(); // the request has been sent
  stop.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
  expect(isAlive(pid!)).toBe(false);
});

it('A folder that takes no files is the host’s fault', async () => {
  const { request } = open();
  const asked = request(REQUEST, 'missing/still');
  expect(await failure(asked)).toMatchObject({ code: 'TEMP_DIR_UNUSABLE', retryable: true });
});

it('A broken picture is the tape’s fault, a killed image process is not, and it starts again', async () => {
  const { request } = open();
  const broken = picture.subarray(0, 60);
  expect((await failure(request({ ...REQUEST, png: broken }))).code).toBe('FRAME_CORRUPT');
  const [pid] = processes();
  const asked = request(REQUEST);
  process.kill(pid!, 'SIGKILL');
  expect(await failure(asked)).toMatchObject({ code: 'MACHINE_BUSY', retryable: true });
  expect((await request(REQUEST)).width).toBe(128);
});
