import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { ffmpegMatrix } from './ffmpegs.ts';

const matrix = await ffmpegMatrix();

describe('the versions of ffmpeg that tests bake with', () => {
  test.for(matrix)(
    '$version is what it says, and has the codecs$whyNot',
    async ({ version, program }, { skip }) => {
      if (program === undefined) return skip();
      // Without this process's environment, as a bake may run it.
      const run = (...args: string[]) =>
        execa(program, ['-hide_banner', ...args], { extendEnv: false, env: { PATH: process.env.PATH } });
      const { stdout: told } = await run('-version');
      if (version !== 'host')
        expect(told).toMatch(new RegExp(`^ffmpeg version n?${version.replaceAll('.', '\\.')}\\b`));
      const { stdout: encoders } = await run('-encoders');
      for (const name of ['libx264', 'aac', 'libvpx-vp9', 'libopus']) {
        expect(encoders).toMatch(new RegExp(`^ [VA]\\S+ ${name} `, 'm'));
      }
    },
  );
});
