import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { renderIcon } from './view/logo.ts';

export interface Asset {
  readonly body: string;
  readonly type: string;
}

const FOLDER = new URL('browser/', import.meta.url);
/** In the order of the cascade. */
export const STYLES = ['palette', 'frame', 'figures', 'lists', 'player', 'filter', 'job', 'small'];
const SCRIPTS = ['dashboard', 'filter', 'live', 'morph', 'players', 'rows', 'times'];

/** The files of the page by name, and a hash of all of them, which stands in their address: they may be kept for ever. */
export function loadAssets(): { readonly hash: string; readonly files: ReadonlyMap<string, Asset> } {
  const files = new Map<string, Asset>([
    ['icon.svg', { body: renderIcon().toString(), type: 'image/svg+xml' }],
    ...STYLES.map((name) => readAsset(`${name}.css`, 'text/css')),
    ...SCRIPTS.map((name) => readAsset(`${name}.js`, 'text/javascript')),
  ]);
  const hash = createHash('sha256');
  for (const [name, { body }] of files) hash.update(`${name}\0${body}\0`);
  return { hash: hash.digest('hex').slice(0, 12), files };
}

function readAsset(name: string, type: string): [string, Asset] {
  return [name, { body: readFileSync(new URL(name, FOLDER), 'utf8'), type: `${type}; charset=utf-8` }];
}
