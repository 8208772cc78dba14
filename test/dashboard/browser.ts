import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../tapes/chromium.ts';

/** The browser's path, and the end of a test's title when there is none. */
export const browserPath = findChromium();
export const whyNot = browserPath ? '' : ' (no Chromium on the PATH)';

/** Starts a browser that plays videos without a click; headless unless OVEN_TEST_BROWSER=show. */
export async function launch(): Promise<Browser> {
  const flags = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  return chromium.launch({
    executablePath: browserPath!,
    headless: process.env.OVEN_TEST_BROWSER !== 'show',
    args: [...flags, '--autoplay-policy=no-user-gesture-required'],
    chromiumSandbox: process.getuid?.() !== 0, // as root Chromium does not start with its sandbox
  });
}
