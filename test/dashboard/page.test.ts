import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import type { OutputReport } from '../../service/bake/report.ts';
import type { FailureCode } from '../../service/errors.ts';
import { until } from '../rig/until.ts';
import { makeTape } from '../tapes/make.ts';
import { browserPath, launch, whyNot } from './browser.ts';
import { type DashboardFixture, openDashboardFixture, openFolder } from './fixture.ts';

/** What an image of a page tells about its file. */
interface Sized {
  naturalWidth: number;
  naturalHeight: number;
}

const SHOTS = '.cache/dashboard';

describe.skipIf(!browserPath)(`The dashboard in a browser${whyNot}`, () => {
  let browser: Browser;
  let fixture: DashboardFixture;
  let folder: Awaited<ReturnType<typeof openFolder>>;
  let thumbnail: Pick<OutputReport, 'width' | 'height' | 'thumbHash'>;
  const shutdown = new AbortController();

  beforeAll(async () => {
    folder = await openFolder();
    const zip = join(folder.path, 'tape.zip');
    await makeTape(zip, { scene: 'sprites', width: 160, height: 120, seconds: 2 });
    const { outputs } = await bake(zip, { outDir: folder.path, name: 'tape' });
    thumbnail = outputs.find(({ kind }) => kind === 'thumbnail')!;
    const files = {
      'tape.mp4': join(folder.path, 'tape.mp4'),
      'tape.jpg': join(folder.path, 'tape-thumb.jpg'),
    };
    fixture = await openDashboardFixture({ files, concurrency: 4, signal: shutdown.signal });
    browser = await launch();
    await mkdir(SHOTS, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
    await folder?.close();
  });

  /** Opens a page. Errors and warnings in its console, and requests to other origins, fail the test. */
  async function withPage(work: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) {
    const context = await browser.newContext(options);
    const complaints: string[] = [];
    const away: string[] = [];
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    context.on('request', (request) => {
      if (!request.url().startsWith(`${fixture.url}/`)) away.push(request.url());
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(`${error}`));
    try {
      await work(page);
      expect({ complaints, away }).toEqual({ complaints: [], away: [] });
    } catch (error) {
      const name = expect.getState().currentTestName?.split(' > ').at(-1)?.replaceAll(/\W+/g, '-');
      await page.screenshot({ path: `${SHOTS}/failed/${name}.png` }).catch(() => {});
      throw error;
    } finally {
      await context.close();
    }
  }
  const open = async (page: Page, path = '/') => {
    await page.goto(fixture.url + path);
    await page.waitForSelector('#link[data-state="on"]');
  };
  const done = (slug: string) =>
    fixture.bakeWhole(slug, {
      ...{ width: 320, height: 240 },
      outputs: { mp4: `${fixture.url}/files/tape.mp4`, thumbnail: `${fixture.url}/files/tape.jpg` },
    });
  const row = (page: Page, slug: string) =>
    page.locator('#tapes tr', { has: page.locator('.name a').getByText(slug, { exact: true }) });
  const failed = async (slug: string, code: FailureCode, message: string) => {
    await fixture.submit(slug);
    (await fixture.held(slug)).fail({ code, message });
  };

  test('The page is empty, then follows a tape from the queue to its end without a reload', () =>
    withPage(async (page) => {
      await open(page);
      await page.getByText('No tape yet.').waitFor();
      await page.screenshot({ path: `${SHOTS}/empty.png` });
      await page.evaluate('window.isTheSame = true');
      await fixture.submit('follow-me');
      const held = await fixture.held('follow-me');
      held.tell({ stage: 'encoding', progress: 0.41 });
      const bar = page.getByRole('progressbar', { name: 'Progress of follow-me' });
      await bar.and(page.locator('[value="41"]')).waitFor();
      expect(await page.title()).toBe('1 baking · Oven');
      held.tell({ stage: 'uploading', progress: 0.9 });
      await page.locator('#baking').getByText('uploading').waitFor();
      held.finish({ outputs: {} });
      await page.locator('#tapes').getByRole('link', { name: 'follow-me' }).waitFor();
      await row(page, 'follow-me').getByText('delivered').waitFor();
      await page.getByRole('status').getByText('follow-me is done.').waitFor({ state: 'attached' });
      expect(await page.evaluate('window.isTheSame')).toBe(true);
    }));

  test('The page keeps a playing video, the focus and its elements while everything around them changes', () =>
    withPage(async (page) => {
      fixture.answers.set('movie', { retryInMs: 600_000, lastError: 'Status 502.' });
      const jobId = await done('movie');
      await open(page);
      const movie = row(page, 'movie');
      await movie.locator('summary').click();
      const video = movie.locator('video');
      const time = () => video.evaluate((film: Film) => film.currentTime);
      await until('it plays', async () => (await time()) > 0.1);
      await movie.evaluate((element: Marked) => {
        element.isTheSame = true;
      });
      await video.evaluate((film: Film) => {
        film.pauses = 0;
        film.onpause = () => {
          film.pauses += 1;
        };
      });
      await movie.getByRole('link').focus();
      fixture.answers.delete('movie');
      await fixture.queue.replayCallback(jobId); // changes the row itself
      for (const slug of ['before-1', 'before-2']) await done(slug); // rows above it
      await page.locator('#tapes').getByRole('link', { name: 'before-2' }).waitFor();
      await movie.getByText('delivered').waitFor();
      expect(await movie.evaluate((element: Marked) => element.isTheSame)).toBe(true);
      expect(await video.evaluate((film: Film) => [film.paused, film.pauses])).toEqual([false, 0]);
      expect(await page.evaluate('document.activeElement.textContent')).toBe('movie');
      expect(await movie.locator('details').getAttribute('open')).not.toBeNull();
      await page.screenshot({ path: `${SHOTS}/playing.png` });
    }));

  test('The page keeps the focus on a tape that moves from one list to the other', () =>
    withPage(async (page) => {
      await fixture.submit('moving');
      const held = await fixture.held('moving');
      await open(page);
      await page.locator('#baking').getByRole('link', { name: 'moving' }).focus();
      held.finish({ outputs: {} });
      await page.locator('#tapes').getByRole('link', { name: 'moving' }).waitFor();
      expect(await page.evaluate('document.activeElement.closest("#tapes a")?.textContent')).toBe('moving');
    }));

  test('The page filters at every keystroke and keeps the filter in its address', () =>
    withPage(async (page) => {
      await failed('broken-1', 'FRAME_MISSING', '<i>A frame</i> is missing.');
      await done('whole-1');
      await open(page);
      const rows = page.locator('#tapes tbody tr:visible');
      await page.getByLabel('Find').fill('frame_m');
      await until('one is left', async () => (await rows.count()) === 1);
      await page.waitForURL('**/?q=frame_m');
      await failed('broken-2', 'FRAME_MISSING', 'A frame is missing.');
      await failed('broken-3', 'SOURCE_REFUSED', 'No answer.');
      await row(page, 'broken-2').waitFor(); // shown, as it matches …
      await row(page, 'broken-3').waitFor({ state: 'attached' });
      expect(await row(page, 'broken-3').isVisible()).toBe(false); // … and this one not
      await page.getByLabel('Find').fill('');
      await page.getByRole('radio', { name: 'failed', exact: true }).check();
      await page.waitForURL('**/?status=failed');
      await page.reload();
      expect(await page.getByRole('radio', { name: 'failed', exact: true }).isChecked()).toBe(true);
      expect(await rows.count()).toBe(3);
      expect(await row(page, 'broken-1').textContent()).toContain('<i>A frame</i> is missing.');
      await page.screenshot({ path: `${SHOTS}/failures.png` });
      await page.getByLabel('Find').fill('nothing like that');
      await page.getByText('No tape here is like that.').waitFor();
    }));

  test('The page is usable with the keyboard alone', () =>
    withPage(async (page) => {
      const jobId = await done('by-keyboard');
      await open(page);
      const focused = () =>
        page.evaluate('(document.activeElement.textContent || document.activeElement.name).trim()');
      await page.keyboard.press('Tab');
      expect(await focused()).toBe('Skip to the tapes');
      expect(await page.evaluate('document.activeElement.getBoundingClientRect().top >= 0')).toBe(true);
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      expect(await focused()).toBe('q');
      await page.keyboard.type('by-key');
      await page.keyboard.press('Tab'); // to the chosen status …
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight'); // … and on to 'done'
      await page.waitForURL('**/?q=by-key&status=done');
      await page.keyboard.press('Tab'); // the thumbnail
      const ring = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
      expect(ring).toBe('solid');
      await page.keyboard.press('Enter');
      const video = row(page, 'by-keyboard').locator('video');
      await until('it plays', async () => (await video.evaluate((film: Film) => film.currentTime)) !== 0);
      await page.keyboard.press('Enter');
      expect(await video.evaluate((film: Film) => film.paused)).toBe(true);
      await page.keyboard.press('Tab');
      expect(await focused()).toBe('by-keyboard');
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/jobs/${jobId}`);
    }));

  test('The page has landmarks, headings, captions and names for screen readers', () =>
    withPage(async (page) => {
      await open(page);
      for (const role of ['banner', 'main', 'contentinfo', 'search'] as const) {
        expect(await page.getByRole(role).count()).toBe(1);
      }
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('');
      expect(await page.getByRole('heading', { level: 1, name: 'Oven' }).count()).toBe(1);
      expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
        'Figures',
        'In the oven',
        'Tapes',
      ]);
      const table = page.getByRole('table', { name: 'The newest tapes, newest first' });
      expect(await table.getByRole('columnheader').allTextContents()).toHaveLength(6);
      expect(await table.getByRole('rowheader').count()).toBeGreaterThan(0);
      const nameless = 'a, button, input, summary, video, progress, img:not([alt])';
      const names = await page
        .locator(nameless)
        .evaluateAll((elements) =>
          elements.map((one) => [
            one.outerHTML.slice(0, 90),
            (one as unknown as Named).textContent ||
              (one as unknown as Named).ariaLabel ||
              (one as unknown as Named).labels?.length ||
              (one as unknown as Named).querySelector('[aria-label]'),
          ]),
        );
      expect(names.filter(([, name]) => !name)).toEqual([]);
    }));

  test('The page of a job follows that job', () =>
    withPage(async (page) => {
      const jobId = await fixture.submit('alone');
      const held = await fixture.held('alone');
      await open(page, `/jobs/${jobId}`);
      held.tell({ stage: 'encoding', progress: 0.7 });
      await page.locator('progress[value="70"]').waitFor();
      held.finish({ outputs: { mp4: `${fixture.url}/files/tape.mp4` } });
      await page.locator('article video').waitFor();
      await page.getByText('delivered').waitFor();
      await page.screenshot({ path: `${SHOTS}/job.png`, fullPage: true });
    }));

  test('The page works without JavaScript, filter and video included', () =>
    withPage(
      async (page) => {
        await page.goto(fixture.url);
        await page.getByLabel('Find').fill('whole');
        await page.getByRole('radio', { name: 'done' }).check({ force: true });
        await page.getByRole('button', { name: 'Filter' }).click();
        await page.waitForURL('**/?q=whole&status=done');
        const rows = page.locator('#tapes tbody tr:visible');
        expect(await rows.count()).toBe(1);
        await rows.locator('summary').click();
        await rows.locator('video').waitFor();
        expect(await rows.locator('time').textContent()).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
        expect(await page.getByRole('link', { name: 'Refresh' }).isVisible()).toBe(true);
        await page.screenshot({ path: `${SHOTS}/no-script.png` });
      },
      { javaScriptEnabled: false },
    ));

  test.each([
    ['dark', 1280, 'rgb(23, 13, 31)'],
    ['light', 1280, 'rgb(253, 240, 228)'],
    ['dark', 360, 'rgb(23, 13, 31)'],
    ['light', 820, 'rgb(253, 240, 228)'],
  ] as const)('The page in %s fits into %d pixels', (colorScheme, width, ground) =>
    withPage(
      async (page) => {
        await open(page);
        expect(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')).toBe(
          ground,
        );
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        await page.screenshot({ path: `${SHOTS}/${colorScheme}-${width}.png`, fullPage: true });
      },
      { colorScheme, viewport: { width, height: 800 } },
    ),
  );

  test('The page shows the picture of the ThumbHash until the thumbnail has come, and nothing moves then', () =>
    withPage(async (page) => {
      const { width, height, thumbHash } = thumbnail;
      const asked = Promise.withResolvers<void>();
      const come = Promise.withResolvers<void>();
      await page.route(/late$/, async (route) => {
        asked.resolve();
        await come.promise;
        await route.fulfill({ path: join(folder.path, 'tape-thumb.jpg') });
      });
      await fixture.bakeWhole('with-a-hash', {
        ...{ width: 320, height: 240, thumbnail: { width, height, thumbHash: thumbHash! } },
        outputs: { mp4: `${fixture.url}/files/tape.mp4`, thumbnail: `${fixture.url}/files/tape.jpg?late` },
      });
      await open(page);
      await asked.promise;
      const [before, after] = [0, 1].map((n) => row(page, 'with-a-hash').locator('.loading img').nth(n));
      const size = (image: Locator) =>
        image.evaluate(({ naturalWidth, naturalHeight }: Sized) => [naturalWidth, naturalHeight]);
      await until('the picture of the hash is decoded', async () => (await size(before!))[0] !== 0);
      expect([await size(before!), await size(after!)]).toEqual([
        [8, 6],
        [0, 0],
      ]);
      expect(await before!.boundingBox()).toEqual(await after!.boundingBox());
      await page.screenshot({ path: `${SHOTS}/thumb-hash.png` });
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 360, height: 800 });
      await before!.scrollIntoViewIfNeeded();
      await page.screenshot({ path: `${SHOTS}/thumb-hash-360.png` });
      const place = await after!.boundingBox();
      come.resolve();
      await until('the thumbnail has come', async () => (await size(after!))[0] === width);
      expect(await after!.boundingBox()).toEqual(place);
    }));

  test('Nothing moves with reduced motion', async () => {
    await fixture.submit('still-baking');
    const held = await fixture.held('still-baking');
    const moving = (reducedMotion: 'reduce' | 'no-preference', wanted: boolean) =>
      withPage(
        async (page) => {
          await open(page);
          await page.locator('body.busy').waitFor();
          expect((await page.evaluate<number>('document.getAnimations().length')) > 0).toBe(wanted);
        },
        { reducedMotion },
      );
    await moving('no-preference', true);
    await moving('reduce', false);
    held.finish({ outputs: {} });
  });

  test('The page reports a lost connection', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await open(page);
    shutdown.abort();
    await page.getByText('no live news, trying again').waitFor();
    await page.getByRole('status').getByText('The connection was lost.').waitFor({ state: 'attached' });
    await page.screenshot({ path: `${SHOTS}/lost.png` });
    await context.close();
  });
});

interface Marked {
  isTheSame?: boolean;
}

interface Film {
  currentTime: number;
  paused: boolean;
  pauses: number;
  onpause: () => void;
}

/** What gives an element its name. The types of this project have no DOM. */
interface Named {
  textContent: string | null;
  ariaLabel: string | null;
  labels?: { length: number };
  querySelector(selector: string): object | null;
}
