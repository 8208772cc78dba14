import type { BakeProgress } from '../service/bake/report.ts';

/** The display of a bake's progress. */
export interface ProgressView {
  readonly update: (progress: BakeProgress) => void;
  readonly end: () => void;
}

/** Shows a bar on a terminal. Shows nothing on another stream, or where `quiet`. */
export async function showProgress(stream: NodeJS.WriteStream, quiet: boolean): Promise<ProgressView> {
  if (quiet || !stream.isTTY) return { update: () => {}, end: () => {} };
  const { default: cliProgress } = await import('cli-progress');
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format: '{bar} {percentage}%  {stage}  {duration_formatted}',
      barsize: 30,
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(1, 0, { stage: 'open' });
  return { update: ({ progress, stage }) => bar.update(progress, { stage }), end: () => bar.stop() };
}
