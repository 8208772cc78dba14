// `npm run demo`: draws a sample tape with sound, bakes it as `oven bake` does, and says where the files are.
import { mkdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { showProgress } from '../bin/progress.ts';
import { renderBytes, renderReport } from '../bin/report.ts';
import { bake } from '../service/bake/bake.ts';
import { makeTape } from '../test/tapes/make.ts';

const OUT = 'out/demo';

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const path = join(OUT, 'sample.zip');
console.log('Drawing a sample tape: 8 seconds of pixel art with sound, as the recorder would write it …');
const tape = await makeTape(path, {
  scene: 'sprites',
  width: 337,
  height: 176,
  seconds: 8,
  sound: true,
  stalls: true,
});
const { size } = await stat(path);
console.log(`${path}  ${tape.width}×${tape.height}, ${tape.frames} frames, ${renderBytes(size)}\n`);

console.log('Baking it …');
const progress = showProgress(process.stderr, false);
const report = await bake(path, { outDir: OUT, name: 'sample', onProgress: progress.update });
progress.end();
process.stdout.write(renderReport(report));

const { total = 0, ...stages } = report.timings;
const parts = Object.entries(stages).map(([stage, seconds]) => `${stage} ${seconds.toFixed(2)}`);
console.log(
  `seconds: ${parts.join(', ')} (the thumbnail beside the mp4); ${(report.duration / total).toFixed(1)} times faster than it plays`,
);
console.log(
  `\nOpen ${relative('', report.outputs[0]!.path)} in any player. Your own: npx oven bake TAPE.zip`,
);
