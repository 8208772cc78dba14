import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import type { TapeFacts } from './make.ts';

/** The recording: canvas in pixels, seconds, and whether the page hangs for 250 ms at 1 s and every 2 s after. */
export interface RecordingSpec {
  width: number;
  height: number;
  seconds: number;
  stalls?: boolean;
}

type Recorded = Pick<TapeFacts, 'durations' | 'uniqueFrames' | 'soundSeconds'> & { archive: string };

/** Milliseconds that opening the page, encoding and zipping may take beyond the seconds of the tape. */
const PATIENCE_MS = 40_000;

/**
 * Records a real tape: a headless browser plays recorder-page.html with its sound, captures every refresh and
 * zips, all in the page, so that PNGs, jitter and archive are a browser's own. The file appears only as a whole. Rejects where there is
 * no browser, or where recording does not end.
 */
export async function recordTape(path: string, spec: RecordingSpec): Promise<TapeFacts> {
  const browser = await launchChromium();
  const part = `${path}.${process.pid}.part`;
  try {
    const { archive, ...facts } = await within(spec.seconds * 1000 + PATIENCE_MS, play(browser, spec));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(part, archive, 'base64');
    await rename(part, path);
    const { durations } = facts;
    const seconds = durations.reduce((sum, ms) => sum + ms, 0) / 1000;
    return { ...facts, path, frames: durations.length, width: spec.width, height: spec.height, seconds };
  } finally {
    await rm(part, { force: true });
    await browser.close();
  }
}

async function play(browser: Browser, spec: RecordingSpec): Promise<Recorded> {
  const context = await browser.newContext({ offline: true });
  const page = await context.newPage();
  // The page comes from a file: a page from text is no secure context, and has no audio worklets.
  await page.goto(new URL('recorder-page.html', import.meta.url).href);
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve('jszip/dist/jszip.min.js') });
  return page.evaluate<Recorded>(`record(${JSON.stringify(spec)})`);
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = wait(ms, undefined, { signal: done.signal }).then(() => {
    throw new Error(`The browser did not end its recording within ${ms} ms`);
  });
  return Promise.race([work, late]).finally(() => done.abort());
}

/** `node test/tapes/recorder.ts [SECONDS] [--stalls] [--out FILE]`: 8 seconds by default. */
async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string', default: '.cache/tapes/recorded.zip' },
      stalls: { type: 'boolean', default: false },
    },
  });
  const seconds = Number(positionals[0] ?? 8);
  if (!(seconds > 0 && seconds <= 60)) throw new RangeError('SECONDS is to be a number from 0 to 60');
  const tape = await recordTape(values.out, { width: 337, height: 160, seconds, stalls: values.stalls });
  const what = `${tape.seconds.toFixed(2)} s, ${tape.frames} frames (${tape.uniqueFrames} differ)`;
  console.log(`${tape.path}: ${tape.width}×${tape.height}, ${what}`);
}

if (import.meta.main) await main(process.argv.slice(2));
