import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { holdsIn } from './holds.ts';

// Loaded into the service before its own code. Opening a tape and publishing a file take a moment and nothing from
// outside, so that only from inside can they be held for as long as it takes to kill the process.
const holds = holdsIn(process.env.CRASH_HOLDS ?? '');
const { open, rename } = fs;

Object.assign(fs, {
  open: async (...given: Parameters<typeof open>) => {
    const [, slug] = /\/tape-(crash\d+)-[^/]+\/tape\.zip$/.exec(String(given[0])) ?? [];
    // The first to open it writes it: that is the fetch.
    if (slug !== undefined && given[1] !== 'wx') await holds.pass('open', slug);
    return open(...given);
  },
  rename: async (...given: Parameters<typeof rename>) => {
    const [, slug] = /\/tapes\/(crash\d+)\.mp4$/.exec(String(given[1])) ?? [];
    if (slug !== undefined) await holds.pass('upload', slug);
    return rename(...given);
  },
});
syncBuiltinESMExports();
