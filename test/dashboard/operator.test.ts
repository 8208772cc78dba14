import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECRET, startTestService, type TestService } from '../http/test-service.ts';
import { until } from '../rig/until.ts';
import { browserPath, launch, whyNot } from './browser.ts';

const SHOTS = '.cache/dashboard';

describe.skipIf(!browserPath)(`The dashboard of an operator${whyNot}`, () => {
  let browser: Browser;
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
    browser = await launch();
    await mkdir(SHOTS, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });

  /** Opens a page. Errors and warnings in its console fail the test, but for the answers that it expects. */
  async function withPage(work: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) {
    const context = await browser.newContext({ baseURL: service.url, ...options });
    const complaints: string[] = [];
    const page = await context.newPage();
    page.on('console', (message) => {
      const isAnswer = /status of (401|404|503)/.test(message.text());
      if (['error', 'warning'].includes(message.type()) && !isAnswer) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(`${error}`));
    try {
      await work(page);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  }
  const login = async (page: Page, path = '/') => {
    await page.goto('/login');
    await page.getByLabel('Secret').fill(SECRET);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('You operate Oven.').waitFor();
    if (path !== '/') await page.goto(path);
  };
  const failedJob = async (slug: string) => {
    await writeFile(join(service.root, 'art', `${slug}.zip`), 'no ZIP');
    const { jobId } = await service.bake(service.body(slug));
    await service.ended(jobId);
    return jobId;
  };
  const press = async (page: Page, name: string, answer: string) => {
    await page.getByRole('button', { name, exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await dialog.getByRole('button', { name: answer }).click();
    await dialog.waitFor({ state: 'hidden' });
  };
  const statusOf = async (jobId: string) =>
    ((await (await service.fetch(`/status/${jobId}`)).json()) as { status?: string }).status;

  test('A visitor sees no buttons, and after a wrong secret still none', () =>
    withPage(async (page) => {
      const jobId = await failedJob('seen');
      await page.goto(`/jobs/${jobId}`);
      await page.getByText('NOT_A_ZIP').waitFor();
      expect(await page.getByRole('button').count()).toBe(0);
      await page.getByRole('link', { name: 'Log in' }).click();
      await page.getByLabel('Secret').fill('wrong');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('not one that Oven accepts').waitFor();
      expect(await page.getByLabel('Secret').inputValue()).toBe('');
      await page.screenshot({ path: `${SHOTS}/login-wrong.png` });
      await page.goto(`/jobs/${jobId}`);
      expect(await page.getByRole('button').count()).toBe(0);
    }));

  test('An operator retries, cancels, replays and purges, and is asked before each', () =>
    withPage(async (page) => {
      const jobId = await failedJob('handled');
      await login(page, `/jobs/${jobId}`);
      // The safe answer has the focus, and Escape is one too.
      await page.getByRole('button', { name: 'Retry' }).click();
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Leave it as it is');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await press(page, 'Retry', 'Leave it as it is');
      expect(await statusOf(jobId)).toBe('failed');
      expect(await page.locator('#outcome').isHidden()).toBe(true);

      const before = service.calls.length;
      await press(page, 'Replay callback', 'Send it again');
      await page.getByText('The callback is sent again.').first().waitFor();
      await until('the callback came again', () => service.calls.length > before);

      service.isStalling = true;
      const { jobId: running } = await service.bake(service.stalled('running'));
      await until('it is baked', async () => (await statusOf(running)) === 'downloading');
      await page.goto(`/jobs/${running}`);
      await press(page, 'Cancel', 'Stop it');
      await until('it is cancelled', async () => (await statusOf(running)) === 'failed');
      await page.locator('#job').getByText('CANCELLED').waitFor(); // by itself

      service.isStalling = false;
      await press(page, 'Retry', 'Bake again');
      await page.locator('#outcome').getByText('It is in the queue again.').waitFor();
      await page.locator('#job .state.done').waitFor();
      expect(await readdir(join(service.root, 'blobs', 'tapes'))).toContain('running.mp4');

      await press(page, 'Purge', 'Remove all of it');
      await page.locator('#outcome').getByText('Everything of this name is removed.').waitFor();
      expect(await statusOf(running)).toBeUndefined();
      expect(await readdir(join(service.root, 'blobs', 'tapes'))).not.toContain('running.mp4');
      expect((await page.goto(`/jobs/${running}`))?.status()).toBe(404);
    }));

  test('An operator reads why a tape failed, with the error, its worker and release, and a visitor does not', () =>
    withPage(async (page) => {
      const jobId = await failedJob('explained');
      await page.goto(`/jobs/${jobId}`);
      expect(await page.getByText('Why it failed').count()).toBe(0);
      await login(page, `/jobs/${jobId}`);
      const why = page.getByRole('region', { name: 'Why it failed' });
      expect(await why.getByRole('listitem').first().textContent()).toBe(
        'NOT_A_ZIP The tape is not a ZIP file.',
      );
      expect(await why.textContent()).toMatch(/Attempt 1 while \w+, .+, on \S+, release \S+/);
      for (const [name, width] of [
        ['desk', 1280],
        ['phone', 390],
      ] as const) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        await page.screenshot({ path: `${SHOTS}/why-${name}.png`, fullPage: true });
      }
    }));

  test('A refusal and a session that has ended are said in words', () =>
    withPage(async (page) => {
      const jobId = await failedJob('refused');
      await login(page, `/jobs/${jobId}`);
      const bearer = { authorization: 'Bearer the-secret-before' };
      await service.fetch('/drain', { method: 'POST', headers: bearer });
      await press(page, 'Retry', 'Bake again');
      await page.locator('#outcome').getByText('Oven takes no tapes just now').waitFor();
      await service.fetch('/drain', { method: 'DELETE', headers: bearer });
      await page.context().clearCookies();
      await press(page, 'Retry', 'Bake again');
      await page.locator('#outcome').getByText('You are no longer logged in.').waitFor();
      expect(await statusOf(jobId)).toBe('failed');
    }));

  test('A screen reader hears each failure once, politely', () =>
    withPage(async (page) => {
      await page.goto('/');
      await page.waitForSelector('#link[data-state="on"]');
      await page.evaluate(RECORD);
      const heard = () => page.evaluate<string[]>('window.heard');
      await failedJob('heard-1');
      await until('it is said', async () => (await heard()).length > 0);
      await failedJob('heard-2');
      await until('the next is said', async () => (await heard()).some((text) => text.includes('heard-2')));
      const all = (await heard()).join(' ');
      expect(all.match(/heard-1 failed: NOT_A_ZIP\./g)).toHaveLength(1);
      expect(all.match(/heard-2 failed: NOT_A_ZIP\./g)).toHaveLength(1);
      expect(await page.locator('#said').getAttribute('aria-live')).toBe('polite');
      expect(await page.locator('#trouble').textContent()).toBe('');
    }));

  test.each([
    ['dark', 1280],
    ['light', 1280],
    ['dark', 390],
    ['light', 390],
  ] as const)('The operator’s pages in %s fit into %d pixels', (colorScheme, width) =>
    withPage(
      async (page) => {
        const jobId = await failedJob('a-tape-with-quite-a-long-name.2026.11.24.10.30');
        const shot = (name: string) =>
          page.screenshot({ path: `${SHOTS}/operator-${name}-${colorScheme}-${width}.png` });
        const fits = async () =>
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        await page.goto('/login');
        await fits();
        await shot('login');
        await login(page);
        await fits();
        await page.screenshot({ path: `${SHOTS}/operator-${colorScheme}-${width}.png`, fullPage: true });
        await page.goto(`/jobs/${jobId}`);
        await page.waitForSelector('#link[data-state="on"]');
        await fits();
        await shot('job');
        await page.getByRole('button', { name: 'Purge' }).click();
        await fits();
        await shot('question');
        const nameless = await page
          .locator('button:visible, input:visible, dialog')
          .evaluateAll(
            (all) =>
              all.filter(
                (one) => !(one as unknown as Named).textContent && !(one as unknown as Named).labels?.length,
              ).length,
          );
        expect(nameless).toBe(0);
      },
      { colorScheme, viewport: { width, height: 800 } },
    ),
  );
});

/** Keeps every text that the live region gets. */
const RECORD = `{
  window.heard = [];
  const region = document.querySelector('#said');
  new MutationObserver(() => region.textContent && window.heard.push(region.textContent))
    .observe(region, { childList: true, characterData: true, subtree: true });
}`;

/** What gives an element its name. The types of this project have no DOM. */
interface Named {
  textContent: string | null;
  labels?: { length: number };
}
