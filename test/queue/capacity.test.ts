import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openCapacity } from '../../service/queue/capacity.ts';

/** A queue whose count and additions take the given numbers of turns of the event loop. */
function slowQueue(countTurns: () => number, addTurns: () => number) {
  let there = 0;
  const wait = async (turns: number) => {
    for (let n = 0; n < turns; n += 1) await turn();
  };
  return {
    there: () => there,
    count: async () => {
      await wait(countTurns());
      const seen = there;
      await wait(countTurns());
      return seen;
    },
    add: async () => {
      await wait(addTurns());
      there += 1;
      await wait(addTurns());
      return true;
    },
  };
}

it('Exactly as many jobs are admitted as there is room for, however long counting and adding take', async () => {
  const turns = fc.array(fc.nat(3), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.nat(8), fc.integer({ min: 1, max: 25 }), turns, turns, async (max, asked, a, b) => {
      let [n, m] = [0, 0];
      const next = (list: readonly number[], index: number) => list[index % list.length]!;
      const queue = slowQueue(
        () => next(a, n++),
        () => next(b, m++),
      );
      const { admit } = openCapacity(max, queue.count);
      const answers = await Promise.all(Array.from({ length: asked }, () => admit(queue.add)));
      expect(queue.there()).toBe(Math.min(max, asked));
      expect(answers.filter(Boolean)).toHaveLength(Math.min(max, asked));
    }),
    { numRuns: 100 },
  );
});

it('A failed addition frees its room', async () => {
  const { admit } = openCapacity(1, async () => 0);
  await expect(admit(async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await admit(async () => 'in')).toBe('in');
});
