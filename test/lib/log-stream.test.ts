import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { openEqualLines } from '../../service/lib/equal-lines.ts';
import { openLogStream } from '../../service/lib/log-stream.ts';
import { until } from '../rig/until.ts';

const MODULE = join(import.meta.dirname, '../../service/lib/log-stream.ts');

it('A log whose disk is full loses lines, counts them, and throws nothing', () => {
  const fd = openSync('/dev/full', 'w');
  try {
    const stream = openLogStream(fd);
    for (let n = 0; n < 5; n += 1) stream.write(`${n}\n`);
    expect(stream.dropped).toBe(5);
  } finally {
    closeSync(fd);
  }
});

it('A log writes whole lines in their order to a file', () => {
  const path = join(tmpdir(), `oven-log-${process.pid}`);
  const fd = openSync(path, 'w');
  try {
    const stream = openLogStream(fd);
    for (let n = 0; n < 1000; n += 1) stream.write(`${n}\n`);
    expect(readFileSync(path, 'utf8')).toBe(Array.from({ length: 1000 }, (_, n) => `${n}\n`).join(''));
  } finally {
    closeSync(fd);
    rmSync(path);
  }
});

it('A log whose disk became full within a line begins the next line anew', async () => {
  const path = join(tmpdir(), `oven-log-torn-${process.pid}`);
  const script = `
    const { openLogStream } = await import(${JSON.stringify(MODULE)});
    const { execFileSync } = await import('node:child_process');
    const stream = openLogStream(1);
    stream.write('x'.repeat(2000) + '\\n');
    stream.write('no room\\n');
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:']);
    stream.write('after\\n');`;
  try {
    // A limit of a file's size, as of a disk: a write beyond it is done in part, or fails.
    const limited = `trap '' XFSZ; ulimit -S -f 2; exec node --input-type=module -e "$1" > "$2"`;
    await execa('sh', ['-c', limited, 'sh', script, path]);
    const [torn, gap, after] = readFileSync(path, 'utf8').split('\n');
    expect(torn).toMatch(/^x+$/);
    expect(JSON.parse(gap!)).toMatchObject({ dropped: 2 });
    expect(after).toBe('after');
  } finally {
    rmSync(path, { force: true });
  }
});

it('A log whose reader has gone goes on without it', async () => {
  const script = `
    const { openLogStream } = await import(${JSON.stringify(MODULE)});
    const stream = openLogStream(1);
    for (let n = 0; n < 20; n += 1) {
      stream.write('x\\n');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    process.stderr.write(String(stream.dropped));`;
  const piped = `{ node --input-type=module -e "$1" 2>&3 | true; } 3>&1`;
  const { stdout } = await execa('sh', ['-c', piped, 'sh', script]);
  expect(Number(stdout)).toBeGreaterThan(10);
});

it('A log whose pipe nothing reads does not hold up its process; the reader learns later how much is missing', async () => {
  const script = `
    const { openLogStream } = await import(${JSON.stringify(MODULE)});
    const stream = openLogStream(1);
    const line = 'x'.repeat(999) + '\\n';
    for (let n = 0; n < 5000; n += 1) stream.write(line);
    process.stderr.write(JSON.stringify({ dropped: stream.dropped }) + '\\n');
    process.stdin.on('data', () => stream.write('the end\\n'));`;
  const child = execa('node', ['--input-type=module', '-e', script], { buffer: false, stdin: 'pipe' });
  child.stdout.pause();
  let said = '';
  child.stderr.on('data', (bytes) => {
    said += bytes;
  });
  const { dropped } = JSON.parse(await until('it has written all', () => said.includes('\n') && said));
  expect(dropped).toBeGreaterThan(1000);
  let text = '';
  child.stdout.on('data', (bytes) => {
    text += bytes;
  });
  child.stdout.resume();
  await until('the reader has caught up', () => {
    child.stdin.write('go\n');
    return text.endsWith('the end\n');
  });
  child.kill();
  await child.catch(() => {});
  const lines = text.trimEnd().split('\n');
  const gap = lines.findIndex((line) => line.includes('lines of the log were lost'));
  expect(JSON.parse(lines[gap]!)).toMatchObject({ level: 'warn', dropped: 5000 - gap });
  expect(lines.slice(0, gap).every((line) => line.length === 999)).toBe(true);
  expect(lines[gap + 1]).toBe('the end');
});

it('Equal errors are in the log ten times a minute, and the next line says how many were left out', () => {
  let time = 0;
  const lines = openEqualLines(() => time);
  const admit = (port: number) => lines.admit(new Error(`connect ECONNREFUSED 127.0.0.1:${port}`), 'queue');
  const admitted = Array.from({ length: 36_000 }, (_, n) => admit(n)).filter((one) => one !== undefined);
  expect(admitted).toEqual(Array(10).fill(0));
  expect(lines.admit(new Error('another'), 'queue')).toBe(0);
  time = 60_000;
  expect(admit(1)).toBe(35_990);
  expect(admit(2)).toBe(0);
});
