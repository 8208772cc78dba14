import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scale } from '../service/bake/plan/size.ts';
import type { Command } from './measure.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Oven as a user runs it: the whole process, from ZIP to files. */
export function ovenCommand(
  tape: string,
  out: string,
  scale: Scale,
  program = here('../bin/oven.js'),
): Command {
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
