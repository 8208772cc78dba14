import { execa } from 'execa';
import { expect, it } from 'vitest';
import { isAlive, isOwner, type Owner, thisProcess } from '../../service/bake/temp-folder.ts';

const me = await thisProcess();

it('This process is alive', async () => {
  expect(me.pid).toBe(process.pid);
  expect(await isAlive(me)).toBe(true);
});

const skip = me.started === '' && 'this system does not tell when a process started';
it.skipIf(skip).each<[string, Partial<Owner>]>([
  ['has the number of this one, but started at another time', { started: `${Number(me.started) - 1}` }],
  ['ran before the machine was booted', { boot: 'another' }],
  ['has a number that is not in use', { pid: 2 ** 22 + 1 }],
])('A process is dead if it %s', async (_what, part) => {
  expect(await isAlive({ ...me, ...part })).toBe(false);
});

it('A process is dead once it is killed', async () => {
  const child = execa(
    'node',
    [
      '--input-type=module',
      '-e',
      `import { thisProcess } from ${JSON.stringify(import.meta.resolve('../../service/bake/temp-folder.ts'))};
     console.log(JSON.stringify(await thisProcess()));
     setInterval(() => {}, 1000);`,
    ],
    { reject: false },
  );
  let owner: Owner | undefined;
  for await (const line of child.iterable()) {
    owner = JSON.parse(line);
    expect(await isAlive(owner!)).toBe(true);
    child.kill('SIGKILL');
  }
  await child;
  expect(owner?.pid).toBe(child.pid);
  expect(await isAlive(owner!)).toBe(false);
});

it.each([null, 1, 'x', {}, { ...me, pid: 0 }, { ...me, pid: '1' }, { ...me, boot: 1 }])(
  'The value %j is no owner',
  (value) => expect(isOwner(value)).toBe(false),
);
