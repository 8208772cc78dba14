import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import { readTruth } from '../encoders/truth.ts';
import { cachedTape } from '../tapes/cache.ts';
import { catalogue, type TapeName } from '../tapes/catalogue.ts';
import { makeTape, type TapeFacts, type TapeSpec } from '../tapes/make.ts';
import { type Player, players } from './browsers.ts';
import { type Film, playFaults } from './judge.ts';
import { serveVideos } from './server.ts';

/** `npm run test:players` plays the whole catalogue. Otherwise one small tape is played. */
const isLong = process.env.OVEN_TEST_PLAYERS === 'long';
const SMALL: TapeSpec = { scene: 'sprites', width: 65, height: 48, seconds: 1, sound: true };
const TAPES = (isLong ? Object.keys(catalogue) : ['small']) as (TapeName | 'small')[];
const KINDS = ['mp4', 'webm'] as const;
/** Long tapes are played faster. Their ends stay the same. */
const RATE = isLong ? 4 : 1;
const LONG_MS = 600_000;

let folder = '';
let server: Awaited<ReturnType<typeof serveVideos>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-players-'));
  server = await serveVideos(folder);
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const films = new Map<string, Promise<Film>>();

/** Bakes a tape once for all players. */
function film(name: TapeName | 'small', kind: (typeof KINDS)[number]): Promise<Film> {
  const key = `${name}.${kind}`;
  const known = films.get(key) ?? make(name, kind);
  films.set(key, known);
  return known;
}

async function make(name: TapeName | 'small', kind: (typeof KINDS)[number]): Promise<Film> {
  const facts: TapeFacts =
    name === 'small'
      ? await makeTape(join(folder, 'small.zip'), SMALL)
      : await cachedTape(name, join(import.meta.dirname, '../../.cache/tapes'));
  const report = await bake(facts.path, { outDir: folder, name, tempDir: folder, outputs: [{ kind }] });
  const { path } = report.outputs[0]!;
  return { path, seconds: report.duration, truth: await readTruth(facts.path), durations: facts.durations };
}

describe.each(players)('$name $whyNot', ({ name: browser, whyNot, start }) => {
  let player: Player | undefined;
  beforeAll(async () => {
    if (whyNot === '') player = await start();
  });
  afterAll(() => player?.close());

  it.for(TAPES.flatMap((name) => KINDS.map((kind) => ({ name, kind }))))(
    `${browser} plays the tape $name as $kind to its end, and shows each picture at its time`,
    { timeout: LONG_MS },
    async ({ name, kind }, { skip }) => {
      if (player === undefined) return skip();
      const page = await player.open(server.url);
      expect(await playFaults(page, await film(name, kind), { rate: RATE })).toEqual([]);
    },
  );
});
