import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BakeError } from '../../service/bake/errors.ts';
import { identifyEncoder, startSelfCheck } from '../../service/selfcheck/self-check.ts';
import { until } from '../rig/until.ts';

const log = { info: () => {}, error: () => {} };
const often = { log, delayMs: 0, everyMs: 1 };
const lasting = new BakeError('VERIFY_FAILED', 'It is wrong.');
const retryable = new BakeError('FFMPEG_FAILED', 'It failed.');

describe('startSelfCheck', () => {
  it('The self-check bakes once, and again when the encoder has changed', async () => {
    let encoder = 'old';
    const tried: string[] = [];
    const check = startSelfCheck({
      ...often,
      identify: async () => encoder,
      bake: async () => void tried.push(encoder),
    });
    await until('it is tried', () => tried.length === 1);
    encoder = 'new';
    await until('it is tried again', () => tried.length === 2);
    await check.close();
    expect(tried).toEqual(['old', 'new']);
    expect(check.fault()).toBeUndefined();
  });

  it.each([
    ['an error that stays', 1, lasting],
    ['a retryable error', 3, retryable],
    ['a bug', 1, new Error('?')],
  ])('The self-check reports %s from the bake number %d on', async (_, times, error) => {
    const reported: boolean[] = [];
    const check = startSelfCheck({
      ...often,
      identify: async () => 'one',
      bake: async () => {
        reported.push(check.fault() !== undefined);
        throw error;
      },
    });
    await until('it is reported', () => reported.includes(true));
    await check.close();
    expect(reported.indexOf(true)).toBe(times);
    expect(check.fault()).toMatchObject({ code: 'SELF_CHECK' });
  });

  it('The self-check reports no fault any more once a bake succeeds', async () => {
    let works = false;
    const check = startSelfCheck({
      ...often,
      identify: async () => 'one',
      bake: async () => {
        if (!works) throw lasting;
      },
    });
    await until('it is reported', () => check.fault() !== undefined);
    works = true;
    await until('it is healthy', () => check.fault() === undefined);
    await check.close();
  });

  it('The self-check waits while there is no encoder', async () => {
    let encoder = '';
    let looked = 0;
    const tried: string[] = [];
    const check = startSelfCheck({
      ...often,
      identify: async () => {
        looked += 1;
        return encoder;
      },
      bake: async () => void tried.push(encoder),
    });
    await until('it was looked for twice', () => looked >= 2);
    encoder = 'one';
    await until('it is tried', () => tried.length > 0);
    await check.close();
    expect(tried).toEqual(['one']);
  });

  it('A stopped self-check reports no fault', async () => {
    const begun = Promise.withResolvers<void>();
    const check = startSelfCheck({
      ...often,
      identify: async () => 'one',
      bake: (signal) => {
        begun.resolve();
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    });
    await begun.promise;
    await check.close();
    expect(check.fault()).toBeUndefined();
  });
});

it('The identity of an encoder changes with its file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oven-encoder-'));
  const path = join(folder, 'ffmpeg');
  expect(await identifyEncoder(`/nowhere:${folder}`)).toBe('');
  await writeFile(path, 'one');
  const first = await identifyEncoder(`/nowhere:${folder}`);
  expect(await identifyEncoder(folder)).toBe(first);
  await utimes(path, 1, 1);
  expect(await identifyEncoder(folder)).not.toBe(first);
  await rm(folder, { recursive: true });
});
