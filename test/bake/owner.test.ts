import { execa } from 'execa';
import { expect, it } from 'vitest';
import { isAlive, isOwner, type Owner, thisProcess } from '../../service/bake/owner.ts';

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

/** A process that prints itself as an owner, and goes on. */
const OWNER_PROCESS = [
  'node',
  '--input-type=module',
  '-e',
  `import { thisProcess } from ${JSON.stringify(import.meta.resolve('../../service/bake/owner.ts'))};
   console.log(JSON.stringify(await thisProcess()));
   setInterval(() => {}, 1000);`,
] as const;

const cannot = process.platform !== 'linux' || process.getuid?.() !== 0;
it.skipIf(cannot)(
  'A process of another pid namespace can not be looked up (skipped without Linux and root)',
  async () => {
    const child = execa('unshare', ['--pid', '--fork', '--kill-child', '--mount-proc', ...OWNER_PROCESS], {
      reject: false,
    });
    let owner: Owner | undefined;
    for await (const line of child.iterable()) {
      owner = JSON.parse(line);
      expect(owner).toMatchObject({ pid: 1, boot: me.boot });
      expect(owner?.namespace).not.toBe(me.namespace);
      expect(await isAlive(owner!)).toBeUndefined();
      child.kill('SIGKILL');
    }
    await child;
    expect(owner).toBeDefined();
  },
);

it('A process is dead once it is killed', async () => {
  const [node, ...args] = OWNER_PROCESS;
  const child = execa(node, args, { reject: false });
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

it.each([
  null,
  1,
  'x',
  {},
  { ...me, pid: 0 },
  { ...me, pid: '1' },
  { ...me, boot: 1 },
  { ...me, namespace: 1 },
])('The value %j is no owner', (value) => expect(isOwner(value)).toBe(false));
