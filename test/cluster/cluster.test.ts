import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { expect, it } from 'vitest';
import { s3Gap } from '../rig/s3.ts';
import { mayMount } from '../storage/small-disk.ts';

const hasNamespaces = execaSync('ip', ['netns', 'exec', 'none', 'true'], { reject: false }).stderr?.includes(
  'No such file',
);
const reason = s3Gap ?? (mayMount && hasNamespaces ? undefined : 'it needs root, and network namespaces');
const RUN = fileURLToPath(new URL('run.ts', import.meta.url));

// `npm run test:cluster` has 301 tapes and cuts a host off for a minute.
it.skipIf(reason)(
  `Three hosts on one queue lose and fail no tape when one is killed, cut off, full or without encoder, and Redis is killed${reason ? ` (skipped: ${reason})` : ''}`,
  async () => {
    const { exitCode, stdout } = await execa(process.execPath, [RUN, '--short'], {
      reject: false,
      all: true,
      stdin: 'ignore',
    });
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toContain('20 tapes accepted, 20 delivered, 0 things wrong');
  },
  600_000,
);
