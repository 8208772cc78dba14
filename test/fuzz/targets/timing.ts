import { BakeError } from '../../../service/bake/errors.ts';
import { DEFAULT_LIMITS } from '../../../service/bake/limits.ts';
import { parseTiming } from '../../../service/bake/open/timing/timing.ts';
import { timingOf } from '../../tapes/hostile/parts.ts';
import { pick } from '../../tapes/random.ts';
import { below } from '../mutate/bytes.ts';
import { mutateJsonText } from '../mutate/json.ts';
import { Finding, type Target } from '../target.ts';

const entries = timingOf(5);
const seeds: readonly unknown[] = [
  entries,
  entries.map(({ duration }) => duration),
  entries.map(({ timestamp }) => ({ timestamp })),
  entries.map(({ frame, duration }) => ({ frame: frame + 1, duration: `${duration}ms` })),
  entries.map(({ filename, duration }) => ({ filename, duration: duration / 1000 })).reverse(),
  { frames: entries, fps: 60 },
  { timing: entries.map(({ duration }) => [duration]), totalDuration: 1 },
];

/** Reads timing.json for tapes of one to six frames. What is read is a finite length for each frame, within the limits. */
export const target: Target = {
  deadlineMs: 10_000,
  make: (random) =>
    Buffer.concat([
      Buffer.from([1 + below(random, 6), below(random, 3)]),
      mutateJsonText(random, pick(random, seeds)),
    ]),
  open: async () => ({
    run: async (input) => {
      const [count = 1, total = 0] = input;
      const frameValues = Array.from({ length: count }, (_, n) => n);
      try {
        const names = { frameValues, areTimes: false };
        const { durations } = parseTiming(
          input.subarray(2),
          names,
          DEFAULT_LIMITS,
          [undefined, 0.1, 1e9][total],
        );
        const sum = durations.reduce((all, one) => all + one, 0);
        if (durations.length !== count)
          throw new Finding(`${durations.length} durations for ${count} frames`);
        if (!durations.every((duration) => duration >= 0)) throw new Finding(`durations of ${durations} ms`);
        if (!(sum > 0 && sum <= DEFAULT_LIMITS.seconds * 1000 + 1))
          throw new Finding(`a length of ${sum} ms`);
        return 'read';
      } catch (error) {
        if (error instanceof BakeError) return error.code;
        throw error;
      }
    },
    close: async () => [],
  }),
};
