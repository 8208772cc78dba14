import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OutputRequest } from '../../service/bake/outputs.ts';
import { type Times, timeCommand } from '../measure.ts';
import { median } from '../statistics.ts';
import { renderTable, show } from '../table.ts';
import { countDecodes, type Decodes } from './decodes.ts';

/** What is made beside the MP4, and what that takes. */
export interface OutputCost {
  readonly outputs: string;
  readonly times: Times[];
  readonly decodes: Decodes;
}

const FIRST: OutputRequest = { kind: 'mp4' };
const FURTHER: readonly OutputRequest[] = [
  { kind: 'thumbnail' },
  { kind: 'webm' },
  { kind: 'share' },
  { kind: 'gif' },
  { kind: 'webp' },
];
const BAKE = fileURLToPath(new URL('bake.ts', import.meta.url));

/** Bakes a tape to the MP4 alone, to the MP4 and each other output, and to all of them, in turn in each of `rounds`. `folder` is for all files. */
export async function measureOutputs(tape: string, rounds: number, folder: string): Promise<OutputCost[]> {
  const lists = [[FIRST], ...FURTHER.map((one) => [FIRST, one]), [FIRST, ...FURTHER]];
  const costs: OutputCost[] = [];
  for (const [n, list] of lists.entries()) {
    const names = n === lists.length - 1 ? 'all' : list.map(({ kind }) => kind).join(' + ');
    costs.push({ outputs: names, times: [], decodes: await countDecodes(tape, list, folder) });
  }
  const out = join(folder, 'outputs');
  for (let round = 0; round < rounds; round++) {
    for (const [n, list] of lists.entries()) {
      costs[n]!.times.push(await timeCommand([process.execPath, BAKE, tape, out, JSON.stringify(list)]));
      await rm(out, { recursive: true, force: true });
    }
  }
  return costs;
}

/** The table of costs, each beside that of the MP4 alone. */
export function renderOutputs(tape: string, costs: readonly OutputCost[]): string {
  const seconds = ({ times }: OutputCost) => median(times.map((one) => one.seconds));
  const cpu = ({ times }: OutputCost) => median(times.map(({ cpuSeconds }) => cpuSeconds));
  const head = ['outputs', 's', 'more s', 'CPU s', 'more CPU s', 'PNGs to ffmpeg', 'to the image process'];
  const first = costs[0]!;
  const rows = costs.map((cost) => [
    cost.outputs,
    show(seconds(cost), 2),
    cost === first ? '' : show(seconds(cost) - seconds(first), 2),
    show(cpu(cost), 2),
    cost === first ? '' : show(cpu(cost) - cpu(first), 2),
    `${cost.decodes.encoder}`,
    `${cost.decodes.images}`,
  ]);
  return `## Outputs beside the first\n\nOf \`${tape}\`.\n\n${renderTable(head, rows)}`;
}
