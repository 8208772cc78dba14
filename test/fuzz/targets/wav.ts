import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BakeError } from '../../../service/bake/errors.ts';
import type { Tape } from '../../../service/bake/open/tape.ts';
import { unpackSound } from '../../../service/bake/sound/unpack.ts';
import { wav } from '../../tapes/hostile/parts.ts';
import { mutateWav } from '../mutate/wav.ts';
import { Finding, type Target } from '../target.ts';

const seed = wav({ bytes: 4000 });
/** No program of this name: a compressed sound is known by its error, without the time that ffmpeg takes. */
const run = {
  ffmpeg: 'no-such-program',
  stallSeconds: 10,
  niceness: 0,
  signal: new AbortController().signal,
};

/** Unpacks soundtracks of a video of a tenth of a second. */
export const target: Target = {
  deadlineMs: 20_000,
  make: (random) => mutateWav(random, seed),
  open: async () => {
    const root = await mkdtemp(join(tmpdir(), 'oven-fuzz-'));
    let count = 0;
    return {
      run: async (input) => {
        const folder = join(root, `${count++}`);
        await mkdir(folder);
        const sound = { name: 'soundtrack.wav' };
        const tape = { sound, stream: () => inPieces(input) } as unknown as Tape;
        try {
          const { sound: made, warnings } = await unpackSound(tape, folder, 0.1, run);
          if (made && !(made.seconds > 0 && made.seconds < 0.11))
            throw new Finding(`${made.seconds} s of sound`);
          return warnings.map(({ code }) => code).join(' ') || 'read';
        } catch (error) {
          if (error instanceof BakeError) return error.code;
          throw error;
        } finally {
          await rm(folder, { recursive: true });
        }
      },
      close: async () => {
        await rm(root, { recursive: true });
        return [];
      },
    };
  },
};

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096);
}
