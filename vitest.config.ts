import { availableParallelism } from 'node:os';
import { delimiter, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/rig/run/longest-first.ts';
import { HOST, NOT_ASKED_FOR, UNIT } from './test/rig/run/projects.ts';
import { SlowestFiles } from './test/rig/run/slowest.ts';

const ALL = 'test/**/*.test.ts';

export default defineConfig({
  test: {
    reporters: ['default', ['json', { outputFile: '.cache/test-report.json' }], new SlowestFiles()],
    // A bake is a real encoder on a machine that may be busy; what hangs is ended by its own limits long before.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Programs that are unpacked for the tests, where they are not installed: see test/unpack.
    env: { PATH: `${process.env.PATH}${delimiter}${resolve('.cache/unpacked/bin')}` },
    // Two files more at once than there are processors: most wait for something half of their time.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: UNIT, isolate: false, setupFiles: 'test/rig/run/no-programs.ts' },
      },
      {
        extends: true,
        test: { name: 'service', include: [ALL], exclude: [...UNIT, ...HOST, ...NOT_ASKED_FOR] },
      },
      { extends: true, test: { name: 'host', include: HOST, exclude: NOT_ASKED_FOR } },
    ],
  },
});
