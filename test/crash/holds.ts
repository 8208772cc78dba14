import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../rig/until.ts';

/** The stages in which a tape can be held until the service is killed. */
export const STAGES = ['fetch', 'open', 'encode', 'upload', 'cleanup', 'callback'] as const;
export type HeldStage = (typeof STAGES)[number];

/**
 * Holds tapes: a file `<stage>.<slug>` in a folder stops that tape in that stage while the file is there, and the file
 * `reached.<stage>.<slug>` shows that the tape has got there. Files, since programs of all kinds read them.
 */
export function holdsIn(folder: string) {
  const path = (stage: HeldStage, slug: string) => join(folder, `${stage}.${slug}`);
  const reached = (stage: HeldStage, slug: string) => join(folder, `reached.${stage}.${slug}`);
  return {
    set: (stage: HeldStage, slug: string) => writeFile(path(stage, slug), ''),
    release: (stage: HeldStage, slug: string) => rm(path(stage, slug), { force: true }),
    isReached: (stage: HeldStage, slug: string) =>
      until(`${slug} is held in ${stage}`, () => existsSync(reached(stage, slug)), 120),
    /** Waits while this tape is held in this stage. */
    pass: async (stage: HeldStage, slug: string) => {
      if (!existsSync(path(stage, slug))) return;
      await writeFile(reached(stage, slug), '');
      await until(`${slug} is released from ${stage}`, () => !existsSync(path(stage, slug)), 600);
    },
  };
}

export type Holds = ReturnType<typeof holdsIn>;

/** Puts a program `ffmpeg` in the folder `bin` that runs the real one as soon as its tape is not held. */
export async function holdFfmpeg(bin: string, folder: string, ffmpeg: string): Promise<void> {
  const script = `#!/bin/sh
for hold in '${folder}'/encode.*; do
  slug=\${hold##*/encode.}
  case "$*" in
    *"/tape-$slug-"*)
      : > '${folder}'/reached.encode."$slug"
      while [ -e "$hold" ]; do sleep 0.05; done ;;
  esac
done
exec '${ffmpeg}' "$@"
`;
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'ffmpeg'), script);
  await chmod(join(bin, 'ffmpeg'), 0o755);
}
