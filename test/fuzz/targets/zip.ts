import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { BakeError } from '../../../service/bake/errors.ts';
import { DEFAULT_LIMITS } from '../../../service/bake/limits.ts';
import { openTape } from '../../../service/bake/open/tape.ts';
import { tapeEntries } from '../../tapes/hostile/parts.ts';
import { type Entry, zip } from '../../tapes/hostile/zip.ts';
import { HOSTILE_TAPES } from '../../tapes/hostile.ts';
import { pick } from '../../tapes/random.ts';
import { damage, oneIn } from '../mutate/bytes.ts';
import { mutateZip } from '../mutate/zip.ts';
import type { Target } from '../target.ts';

const shortened: readonly Entry[] = tapeEntries().map((entry) => ({
  ...entry,
  data: entry.data.subarray(0, 900),
}));
/** Broken already, each in its own way; large ones would only be slow. */
const hostile = HOSTILE_TAPES.map((tape) => tape.make()).filter(({ length }) => length < 20_000);

/** Opens archives and reads all of their entries, as a bake does. */
export const target: Target = {
  deadlineMs: 20_000,
  make: (random) =>
    oneIn(random, 5)
      ? damage(random, pick(random, hostile), zip(shortened))
      : mutateZip(random, shortened, pick(random, hostile)),
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oven-fuzz-'));
    const path = join(folder, 'tape.zip');
    return {
      run: async (input) => {
        await writeFile(path, input);
        try {
          await using tape = await openTape(path, DEFAULT_LIMITS);
          for (const frame of tape.frames) await tape.read(frame);
          if (tape.sound) await buffer(tape.stream(tape.sound));
          return 'read';
        } catch (error) {
          if (error instanceof BakeError) return error.code;
          throw error;
        }
      },
      close: async () => {
        await rm(folder, { recursive: true });
        return [];
      },
    };
  },
};
