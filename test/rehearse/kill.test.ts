import { once } from 'node:events';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { until } from '../rig/until.ts';
import { killTree } from './kill.ts';

const lives = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('what a process started ends with it, also in a session of its own', async () => {
  const child = execa('sh', ['-c', 'setsid sleep 600 & echo $!; wait'], { reject: false });
  const [said] = await once(child.stdout, 'data');
  const grandchild = Number(String(said));
  expect(lives(grandchild)).toBe(true);
  killTree(child.pid!);
  await child;
  await until('the grandchild ends', () => !lives(grandchild));
});
