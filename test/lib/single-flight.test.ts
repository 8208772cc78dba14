import { expect, it } from 'vitest';
import { singleFlight } from '../../service/lib/single-flight.ts';

it('Callers with one key share one run while it goes on, and a later caller begins another', async () => {
  const flight = singleFlight<number>();
  let runs = 0;
  const end = Promise.withResolvers<void>();
  const ask = (key: string) =>
    flight(key, async () => {
      runs += 1;
      const run = runs;
      await end.promise;
      return run;
    });
  const asked = [ask('a'), ask('a'), ask('b'), ask('a')];
  end.resolve();
  expect(await Promise.all(asked)).toEqual([
    { value: 1, shared: false },
    { value: 1, shared: true },
    { value: 2, shared: false },
    { value: 1, shared: true },
  ]);
  expect(await ask('a')).toEqual({ value: 3, shared: false });
});

it('A run that fails fails every caller that shares it, and is forgotten', async () => {
  const flight = singleFlight<string>();
  const fail = () => flight('a', () => Promise.reject(new Error('It failed.')));
  const failed = await Promise.allSettled([fail(), fail()]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await flight('a', async () => 'well')).toEqual({ value: 'well', shared: false });
});
