import { relative } from 'node:path';
import { hasForm } from '../service/bake/outputs.ts';
import type { BakeReport, OutputReport } from '../service/bake/report.ts';

/** The report as one JSON object. `width`, `height` and `bytes` are those of the first output that is not a still. */
export function reportJson(report: BakeReport): string {
  const first = report.outputs.find(({ kind }) => !hasForm(kind, 'still')) ?? report.outputs[0]!;
  const paths = Object.fromEntries(report.outputs.map(({ kind, path }) => [kind, path]));
  const { width, height, bytes } = first;
  return JSON.stringify({ paths, width, height, bytes, ...report }, null, 2);
}

/** The report as text: a line for each file, one about the tape, and one for each warning. */
export function renderReport(report: BakeReport): string {
  const { frames, uniqueFrames, duration, sound, timings } = report;
  const heard = sound ? `${sound.seconds.toFixed(2)} s of sound` : 'no sound';
  const facts = `${duration.toFixed(2)} s, ${frames} frames (${uniqueFrames} differ), ${heard}`;
  return [
    ...report.outputs.map(renderOutput),
    `${facts}; baked in ${timings.total?.toFixed(2)} s`,
    ...report.warnings.map(({ code, message }) => `note: ${message} [${code}]`),
    '',
  ].join('\n');
}

function renderOutput({ path, width, height, bytes }: OutputReport): string {
  return `${relative('', path) || path}  ${width}×${height}, ${renderBytes(bytes)}`;
}

/** A number of bytes as text, in decimal units. */
export function renderBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
