import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { until } from '../rig/until.ts';
import { killTree } from './kill.ts';

/** Whether a process runs. In a container whose first process waits for no others, one that has ended stays as a zombie. */
const lives = (pid: number) => {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('A killed process takes its children along, also those in another session', async () => {
  const child = execa('sh', ['-c', 'setsid sleep 600 & echo $!; wait'], { reject: false });
  const [said] = await once(child.stdout, 'data');
  const grandchild = Number(String(said));
  expect(lives(grandchild)).toBe(true);
  killTree(child.pid!);
  await child;
  await until('the grandchild ends', () => !lives(grandchild));
});
