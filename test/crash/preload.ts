import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { holdsIn } from './holds.ts';

// Node loads this into the service before its own code. To open a tape, to publish a file and to remove a folder takes a moment
// and nothing from outside: only code inside the service can hold these steps until the process is killed.
const holds = holdsIn(process.env.CRASH_HOLDS ?? '');
const { open, readdir, rename, rm } = fs;

Object.assign(fs, {
  open: async (...given: Parameters<typeof open>) => {
    const [, slug] = /\/tape-(crash\d+)-[^/]+\/tape\.zip$/.exec(String(given[0])) ?? [];
    // The fetch opens the file first, to write it.
    if (slug !== undefined && given[1] !== 'wx') await holds.pass('open', slug);
    return open(...given);
  },
  rename: async (...given: Parameters<typeof rename>) => {
    const [, slug] = /\/tapes\/(crash\d+)\.mp4$/.exec(String(given[1])) ?? [];
    if (slug !== undefined) await holds.pass('upload', slug);
    return rename(...given);
  },
  rm: async (...given: Parameters<typeof rm>) => {
    const [path, options] = [String(given[0]), given[1]];
    const made = options?.recursive ? await readdir(join(path, 'out')).catch(() => []) : [];
    const [, slug] = made.map((name) => /^(crash\d+)-[^.]+\.mp4$/.exec(name)).find((found) => found) ?? [];
    if (slug !== undefined) {
      // Half removed: the order of a removal is not known.
      await rm(join(path, 'owner.json'), { force: true });
      await holds.pass('cleanup', slug);
    }
    return rm(...given);
  },
});
syncBuiltinESMExports();
