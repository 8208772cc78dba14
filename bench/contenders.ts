import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scale } from '../service/bake/plan/size.ts';
import type { Command } from './measure.ts';

/** What is measured of each tape: Oven, the Oven of another checkout, the plain recipe, and the floor. */
export const CONTENDERS = ['oven', 'against', 'plain', 'floor'] as const;
export type Contender = (typeof CONTENDERS)[number];

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const OWN_CHECKOUT = here('..');

/** Oven as a user runs it: the whole process, from ZIP to files. `checkout` is the folder of its repository. */
export function ovenCommand(tape: string, out: string, scale: Scale, checkout = OWN_CHECKOUT): Command {
  const program = join(checkout, 'bin/oven.js');
  return [process.execPath, program, 'bake', tape, '--out', out, '--scale', `${scale}`, '--json'];
}

/** The plain recipe, as a whole process too. */
export function plainCommand(tape: string, out: string): Command {
  return [process.execPath, here('plain.ts'), tape, '--out', out];
}

/** The video that either command makes of a tape. */
export function videoOf(tape: string, out: string): string {
  return join(out, `${basename(tape, '.zip')}.mp4`);
}
