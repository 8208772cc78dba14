import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { thisProcess } from '../../service/bake/owner.ts';
import { readOwner, startSweeper, sweepTempFolders, withTempFolder } from '../../service/bake/temp-folder.ts';

let temp: string;
beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'oven-test-'));
});
afterEach(() => rm(temp, { recursive: true, force: true }));

const DEAD = { pid: 2 ** 22 + 1, started: '1', boot: (await thisProcess()).boot };

/** Makes a folder with a tape in it, and with this text in its owner file. */
async function leave(name: string, owner: string): Promise<void> {
  await mkdir(join(temp, name));
  await writeFile(join(temp, name, 'tape.zip'), 'half');
  await writeFile(join(temp, name, 'owner.json'), owner);
}

describe('withTempFolder', () => {
  it('A temp folder has its name and its owner during the work, and is gone afterwards', async () => {
    const result = await withTempFolder(temp, 'a-1', async (folder) => {
      expect(await readdir(temp)).toEqual(['tape-a-1']);
      expect(await readOwner(folder)).toEqual(await thisProcess());
      await writeFile(join(folder, 'frame.png'), 'x');
      return basename(folder);
    });
    expect(result).toBe('tape-a-1');
    expect(await readdir(temp)).toEqual([]);
  });

  it('A temp folder is gone after a failure too', async () => {
    const failing = withTempFolder(temp, 'a-1', async () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await readdir(temp)).toEqual([]);
  });

  it('A temp folder replaces one of the same name that a dead process left', async () => {
    await leave('tape-a-1', JSON.stringify(DEAD));
    await withTempFolder(temp, 'a-1', async (folder) => {
      expect(basename(folder)).toBe('tape-a-1');
      expect(existsSync(join(folder, 'tape.zip'))).toBe(false);
    });
    expect(await readdir(temp)).toEqual([]);
  });

  it.each([
    ['a living process', async () => JSON.stringify(await thisProcess())],
    ['an unknown owner', async () => 'no owner'],
  ])('A temp folder does not replace one of the same name that belongs to %s', async (_whose, owner) => {
    await leave('tape-a-1', await owner());
    await withTempFolder(temp, 'a-1', async (folder) => {
      expect(basename(folder)).toMatch(/^tape-a-1-[\w-]{36}$/);
    });
    expect(await readdir(temp)).toEqual(['tape-a-1']);
    expect(await readdir(join(temp, 'tape-a-1'))).toContain('tape.zip');
  });

  it('Eight temp folders of the same name get different names', async () => {
    let together = 0;
    const names = await Promise.all(
      Array.from({ length: 8 }, () =>
        withTempFolder(temp, 'a-1', async (folder) => {
          together += 1;
          await expect.poll(() => together).toBe(8);
          return basename(folder);
        }),
      ),
    );
    expect(new Set(names).size).toBe(8);
    expect(await readdir(temp)).toEqual([]);
  });

  it('A missing TEMP_DIR fails with TEMP_DIR_UNUSABLE', async () => {
    const failing = withTempFolder(join(temp, 'nowhere'), 'a-1', async () => {});
    await expect(failing).rejects.toMatchObject({ code: 'TEMP_DIR_UNUSABLE', retryable: true });
  });
});

/** A process of another container on this machine, whose numbers mean nothing here. */
const STRANGER = { ...(await thisProcess()), namespace: '1' };
/** Milliseconds, longer than an owner leaves its folder untouched. */
const LONG = 150_000;

const knowsNamespaces = (await thisProcess()).namespace !== undefined;
describe.runIf(knowsNamespaces)('sweepTempFolders with several containers', () => {
  const uuid = '00000000-0000-4000-8000-000000000000';
  const { pid, started, boot } = STRANGER;
  const drafts = [`.tape-1.${pid}-${started}-${boot}-${uuid}`];

  beforeEach(async () => {
    await leave('tape-a-1', JSON.stringify(STRANGER));
    await leave(drafts[0]!, 'is being made');
  });

  it('A single sweep leaves every folder of another container', async () => {
    expect(await sweepTempFolders(temp)).toEqual([]);
    expect((await readdir(temp)).sort()).toEqual([...drafts, 'tape-a-1']);
  });

  it('A folder of another container goes once it stayed untouched for two minutes', async () => {
    const sightings = new Map();
    expect(await sweepTempFolders(temp, sightings, 0)).toEqual([]);
    expect(await sweepTempFolders(temp, sightings, LONG / 2)).toEqual([]);
    expect((await sweepTempFolders(temp, sightings, LONG)).toSorted()).toEqual([...drafts, 'tape-a-1']);
    expect(await readdir(temp)).toEqual([]);
    await sweepTempFolders(temp, sightings, LONG);
    expect(sightings.size).toBe(0);
  });

  it('A folder of another container stays while its owner touches it', async () => {
    const sightings = new Map();
    await sweepTempFolders(temp, sightings, 0);
    await utimes(join(temp, 'tape-a-1', 'owner.json'), 1, 1);
    expect(await sweepTempFolders(temp, sightings, LONG)).toEqual(drafts);
    expect(await readdir(temp)).toEqual(['tape-a-1']);
  });

  it('A temp folder does not replace one of the same name of another container', async () => {
    await withTempFolder(temp, 'a-1', async (folder) => {
      expect(basename(folder)).toMatch(/^tape-a-1-[\w-]{36}$/);
    });
  });

  it('A sweeper removes what dead processes left, and ends', async () => {
    await leave('tape-dead-1', JSON.stringify(DEAD));
    const swept: string[] = [];
    const sweeper = await startSweeper(temp, (names) => swept.push(...names));
    sweeper.stop();
    expect(swept).toEqual(['tape-dead-1']);
  });

  it('The owner of a folder touches it again and again', async () => {
    const touched = async (folder: string) => (await stat(join(folder, 'owner.json'))).ctimeMs;
    await withTempFolder(
      temp,
      'b-1',
      async (folder) => {
        const first = await touched(folder);
        await expect.poll(() => touched(folder)).toBeGreaterThan(first);
      },
      1,
    );
  });
});

describe('sweepTempFolders', () => {
  it('A sweep removes the folders of dead owners, and nothing else', async () => {
    const { pid, started, boot } = await thisProcess();
    const uuid = '00000000-0000-4000-8000-000000000000';
    await leave('tape-dead-1', JSON.stringify(DEAD));
    await leave('tape-booted-1', JSON.stringify({ ...DEAD, pid, started, boot: 'before' }));
    await leave(`.tape-${DEAD.pid}-1-${boot}-${uuid}`, 'was being made');
    const stays = ['tape-alive-1', `.tape-${pid}-${started}-${boot}-${uuid}`, 'tape-stranger', 'other'];
    await leave(stays[0]!, JSON.stringify(await thisProcess()));
    await leave(stays[1]!, 'is being made');
    await leave(stays[2]!, JSON.stringify({ pid: 'x' }));
    await leave(stays[3]!, JSON.stringify(DEAD));
    await writeFile(join(temp, 'tape-file'), '');
    const removed = await sweepTempFolders(temp);
    expect([...removed].sort()).toEqual(
      [`.tape-${DEAD.pid}-1-${boot}-${uuid}`, 'tape-booted-1', 'tape-dead-1'].sort(),
    );
    expect((await readdir(temp)).sort()).toEqual([...stays, 'tape-file'].sort());
  });

  it('A sweep of a missing folder removes nothing', async () => {
    expect(await sweepTempFolders(join(temp, 'nowhere'))).toEqual([]);
  });
});
