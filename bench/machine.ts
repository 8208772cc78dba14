import { cpus } from 'node:os';
import { execa } from 'execa';

/** One line about the machine, the programs and the date of a measurement. */
export async function describeMachine(): Promise<string> {
  const { stdout } = await execa('ffmpeg', ['-version']);
  const ffmpeg = /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'of unknown version';
  const [first] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  const processor = first?.model.trim() || 'of unknown model';
  return `${date}, ${cpus().length} cores (${processor}), ffmpeg ${ffmpeg}, Node ${process.version}`;
}

/** The commit of another checkout, or `another checkout` where git does not know it. */
export async function describeCheckout(folder: string): Promise<string> {
  const { stdout, failed } = await execa('git', ['-C', folder, 'rev-parse', '--short', 'HEAD'], {
    reject: false,
  });
  return failed ? 'another checkout' : stdout;
}
