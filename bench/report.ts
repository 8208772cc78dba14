import { type Quality, summarise, type TapeResult } from './results.ts';
import type { Section } from './sections.ts';
import { geometricMean } from './statistics.ts';
import { renderTable, show } from './table.ts';
import {
  bytesRatios,
  cpuRatios,
  judge,
  judgeScale4,
  meanRatio,
  type Verdict,
  verdictLine,
} from './targets.ts';

/** One section's results, to be rendered. */
export interface SectionResults {
  section: Section;
  results: readonly TapeResult[];
}

/** The whole of bench/RESULTS.md. `machine` is one line about the machine and the date; `parts` are rendered. */
export function renderReport(machine: string, parts: readonly string[]): string {
  const intro = [
    '# Results of `npm run bench`',
    `Written by it: ${machine}. bench/README.md says how each figure is measured.`,
  ];
  return `${[...intro, ...parts].join('\n\n')}\n`;
}

/** One section: its tables, and the targets that it holds or misses. */
export function renderSection({ section, results }: SectionResults): string {
  const rounds = section.runs === 1 ? 'One round' : `Medians of ${section.runs} rounds`;
  const title = `## ${section.name}\n\n${rounds}, Oven and the plain recipe in turn.`;
  const mean = `Geometric mean of the ratios: **${show(meanRatio(results), 2)}×**`;
  const encoders = new Set(results.map(({ png }) => png));
  const judged = section.pin ? [] : section.scale === 'auto' ? judge(results) : judgeScale4(results);
  const measured = results.filter(({ quality }) => quality !== undefined);
  return [
    title,
    timeTable(results),
    mean,
    ...(encoders.size > 1 ? [encoderTable(results)] : []),
    ...(measured.length > 0 ? [sizeTable(measured), likenessTable(measured)] : []),
    ...(judged.length > 0 ? [verdictTable(judged)] : []),
  ].join('\n\n');
}

/** One line about a tape, printed as soon as it is measured. */
export function renderLine(result: TapeResult): string {
  const { oven, plain, ratio, floor, ovenCpu, against, cpuRatio } = summarise(result);
  const other = against === undefined ? '' : `, other ${show(against, 2)} s (CPU ${show(cpuRatio, 2)})`;
  const times = `${show(oven, 2)} s (CPU ${show(ovenCpu, 2)}), plain ${show(plain, 2)} s (${show(ratio, 1)}×), floor ${show(floor, 2)} s${other}`;
  const { quality } = result;
  if (!quality) return `${result.tape}: ${times}`;
  const likeness = `${show(quality.oven.psnr, 1)} dB against ${show(quality.plain.psnr, 1)}`;
  const bytes = `${show(quality.oven.bytes / quality.plain.bytes, 2)} of the bytes`;
  return `${result.tape}: ${times}, ${likeness}, ${bytes}, ${show(quality.oven.rssMiB)} MiB`;
}

/** The means by who compressed the PNGs. */
function encoderTable(results: readonly TapeResult[]): string {
  const head = ['PNGs by', 'mean ratio', 'least', 'CPU of other', 'bytes of plain'];
  const rows = [...Map.groupBy(results, ({ png }) => png)].map(([png, group]) => [
    png,
    `${show(meanRatio(group), 2)}×`,
    `${show(Math.min(...group.map((result) => summarise(result).ratio)), 2)}×`,
    show(geometricMean(cpuRatios(group)), 2),
    show(geometricMean(bytesRatios(group)), 2),
  ]);
  return renderTable(head, rows);
}

function timeTable(results: readonly TapeResult[]): string {
  const head = ['tape', 'frames', 'differ', 'Oven s', 'plain s', 'ratio', 'by round'];
  const more = ['Oven CPU s', 'plain CPU s', 'floor s', '1.3 floor + 0.3'];
  const other = ['other s', 'other CPU s', 'CPU ratio'];
  const withOther = results.some(({ times }) => times.against.length > 0);
  const rows = results.map((result) => {
    const summary = summarise(result);
    const { oven, plain, floor, ovenCpu, plainCpu, ratio, pairwise, allowed } = summary;
    const { against, againstCpu, cpuRatio } = summary;
    return [
      result.tape,
      `${result.frames}`,
      `${result.uniqueFrames}`,
      show(oven, 2),
      show(plain, 2),
      `${show(ratio, 2)}×`,
      `${show(pairwise, 2)}×`,
      show(ovenCpu, 2),
      show(plainCpu, 2),
      show(floor, 2),
      show(allowed, 2),
      ...(withOther ? [show(against, 2), show(againstCpu, 2), show(cpuRatio, 2)] : []),
    ];
  });
  return renderTable([...head, ...more, ...(withOther ? other : [])], rows);
}

function sizeTable(results: readonly TapeResult[]): string {
  const size = ({ width, height }: Quality) => `${width}×${height}`;
  const memory = ({ rssMiB, pssMiB }: Quality) => `${show(rssMiB)} (${show(pssMiB)})`;
  const head = [
    'tape',
    'Oven',
    'plain',
    'Oven kB',
    'plain kB',
    'of plain',
    'Oven MiB (PSS)',
    'plain MiB (PSS)',
  ];
  const rows = results.map(({ tape, quality }) => {
    const { oven, plain } = quality!;
    return [
      tape,
      size(oven),
      size(plain),
      show(oven.bytes / 1000, 1),
      show(plain.bytes / 1000, 1),
      show(oven.bytes / plain.bytes, 2),
      memory(oven),
      memory(plain),
    ];
  });
  return renderTable(head, rows);
}

function likenessTable(results: readonly TapeResult[]): string {
  const decibels = ({ psnr, worstPsnr }: Quality) => `${show(psnr, 1)} (${show(worstPsnr, 1)})`;
  const times = ({ timing: { video, end, sound } }: Quality) => [
    show(video, 3),
    show(end, 3),
    show(sound, 2),
  ];
  const likeness = ['tape', 'Oven dB (worst picture)', 'plain dB (worst picture)'];
  const oven = ['Oven video ms', 'end ms', 'sound ms'];
  const plain = ['plain video ms', 'end ms', 'sound ms'];
  const rows = results.map(({ tape, quality }) => {
    const both = quality!;
    return [tape, decibels(both.oven), decibels(both.plain), ...times(both.oven), ...times(both.plain)];
  });
  return renderTable([...likeness, ...oven, ...plain], rows);
}

function verdictTable(verdicts: readonly Verdict[]): string {
  return `Targets:\n${verdicts.map(verdictLine).join('\n')}`;
}
