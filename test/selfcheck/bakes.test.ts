import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentOf, readPairs } from '../../service/bake/encode/content.ts';
import { gainsByReordering } from '../../service/bake/encode/x264.ts';
import { readConfig } from '../../service/config/config.ts';
import { bakeBuiltInTapes, videoFault } from '../../service/selfcheck/bake-built-in.ts';
import { irregularTape, rgbPng } from '../../service/selfcheck/built-in-tape.ts';
import { startService } from '../../service/service.ts';
import { readTruth } from '../encoders/truth.ts';
import { type Backends, startBackends } from '../http/test-service.ts';
import { ffmpegMatrix } from '../rig/ffmpegs.ts';
import { until } from '../rig/until.ts';

const matrix = await ffmpegMatrix();
/** Encoders with a fault: a shell script changes the arguments before the real encoder gets them. */
const BROKEN = {
  'no VP9': 'case "$*" in *libvpx*) exit 1;; esac',
  'a level of its own':
    'for a; do set -- "$@" "$(echo "$a" | sed "s/level=[0-9.]*/level=6.2/")"; shift; done',
  'fewer pictures':
    'for a; do shift; [ "$a" = -map_metadata ] && set -- "$@" -frames:v 4; set -- "$@" "$a"; done',
} as const;

let backends: Backends;
let folder: string;
beforeAll(async () => {
  backends = await startBackends();
  folder = await mkdtemp(join(tmpdir(), 'oven-selfcheck-'));
});
afterAll(async () => {
  await backends.close();
  await rm(folder, { recursive: true });
});

/** Puts an encoder named ffmpeg into a folder of its own, and returns its path. */
async function encoder(name: string, script: string): Promise<string> {
  const place = join(folder, name);
  await mkdir(place, { recursive: true });
  const path = join(place, 'ffmpeg');
  await writeFile(path, `#!/bin/sh\n${script}\nPATH=${process.env.PATH} exec ffmpeg "$@"\n`);
  await chmod(path, 0o755);
  return path;
}

describe('built-in tapes', () => {
  it.for(matrix)(
    'The built-in tapes come out right with ffmpeg $version $whyNot',
    async ({ program }, { skip }) => {
      if (program === undefined) return skip();
      await bakeBuiltInTapes(readConfig(backends.env), { ffmpeg: program });
      expect(await readdir(join(backends.root, 'temp'))).toEqual([]);
    },
  );

  it('The irregular tape has soft colours, which are encoded with B-frames', async () => {
    const path = join(folder, 'tape.zip');
    await writeFile(path, irregularTape().zip);
    const { width, height, frames, frame } = await readTruth(path);
    const content = contentOf(await readPairs(frames, async (n) => rgbPng(frame(n), width, height)));
    expect(content).toBe('smooth');
    expect(gainsByReordering(content, width * height)).toBe(true);
  });

  it.each(Object.entries(BROKEN))(
    'The built-in tapes show the fault of an encoder with %s',
    async (name, script) => {
      const ffmpeg = await encoder(name, script);
      const baking = bakeBuiltInTapes(readConfig(backends.env), { ffmpeg });
      await expect(baking).rejects.toMatchObject({
        code: expect.stringMatching(name === 'no VP9' ? /^FFMPEG_FAILED$/ : /^VERIFY_FAILED$/),
      });
      expect(await readdir(join(backends.root, 'temp'))).toEqual([]);
    },
  );
});

describe('videoFault', () => {
  const samples = [
    { start: 0, duration: 0.5 },
    { start: 0.5, duration: 2 },
  ];
  it.each([
    ['samples up to its end', 'no fault', { profile: 'avc1.4d400a', samples }],
    [
      'a tick for the last picture',
      'ends at 0.5',
      { profile: 'avc1.4d400a', samples: [samples[0]!, { start: 0.5, duration: 1e-5 }] },
    ],
    ['level 6.2', 'is avc1.4d403e', { profile: 'avc1.4d403e', samples }],
    ['the levels of another codec', 'no fault', { profile: 'vp09.00.62.08', samples }],
    ['no samples', 'ends at 0 s', { profile: '', samples: [] }],
  ])('A video with %s has the fault "%s"', (_, fault, track) => {
    const found = videoFault({ tracks: [{ codec: '', ...track }] }, 2.5);
    if (fault === 'no fault') expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });
});

it('A service is unhealthy while its encoder is replaced by one with a fault', async () => {
  const path = process.env.PATH;
  const ffmpeg = await encoder('replaced', BROKEN['a level of its own']);
  process.env.PATH = `${join(folder, 'replaced')}:${path}`;
  const service = await startService(readConfig({ ...backends.env, LOG_LEVEL: 'silent' }), {
    candidate: false,
    selfCheck: { delayMs: 0, everyMs: 20 },
  });
  const health = async () => {
    const answer = await fetch(`${service.url}/health`);
    return { code: answer.status, ...((await answer.json()) as { reasons?: { code: string }[] }) };
  };
  try {
    const unhealthy = await until('it is unhealthy', async () => {
      const answer = await health();
      return answer.code === 503 && answer;
    });
    expect(unhealthy.reasons?.map(({ code }) => code)).toEqual(['SELF_CHECK']);
    await writeFile(ffmpeg, `#!/bin/sh\nPATH=${path} exec ffmpeg "$@"\n`);
    await until('it is healthy', async () => (await health()).code === 200);
  } finally {
    process.env.PATH = path;
    await service.close();
  }
  expect(await readdir(join(backends.root, 'temp'))).toEqual([]);
});
