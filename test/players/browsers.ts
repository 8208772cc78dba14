import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { browserPath, launch as launchChromium } from '../dashboard/browser.ts';

/** A browser that plays videos. It can run an expression in a page. */
export interface Player {
  /** Opens a page, and gives the function that evaluates expressions in it. */
  open(url: string): Promise<{ evaluate<T>(expression: string): Promise<T> }>;
  close(): Promise<void>;
}

/** A browser of this machine. */
export interface PlayerProgram {
  readonly name: string;
  /** The note in a test's title where the browser is missing. */
  readonly whyNot: string;
  start(): Promise<Player>;
}

const firefoxPath = findFirefox();

export const players: readonly PlayerProgram[] = [
  {
    name: 'Chromium',
    whyNot: browserPath ? '' : '(skipped: there is none on the PATH)',
    start: startChromium,
  },
  { name: 'Firefox', whyNot: firefoxPath ? '' : '(skipped: there is none on the PATH)', start: startFirefox },
];

async function startChromium(): Promise<Player> {
  const browser = await launchChromium();
  return {
    open: async (url) => {
      const page = await browser.newPage();
      await page.goto(url);
      return page;
    },
    close: () => browser.close(),
  };
}

/** Drives a browser by WebDriver BiDi. */
async function startFirefox(): Promise<Player> {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxPath!,
    headless: true,
    extraPrefsFirefox: { 'media.autoplay.default': 0, 'media.hardware-video-decoding.enabled': false },
  });
  return {
    open: async (url) => {
      const page = await browser.newPage();
      await page.goto(url);
      return { evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T> };
    },
    close: () => browser.close(),
  };
}

function findFirefox(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const paths = ['firefox-esr', 'firefox'].flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...(process.env.FIREFOX ? [process.env.FIREFOX] : []), ...paths].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
