import { tmpdir } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { LIMITS } from '../service/bake/limits.ts';
import {
  type FormatKind,
  KIND_OPTIONS,
  MOMENTS,
  type Moment,
  OUTPUT_KINDS,
  OUTPUTS,
  STILL_FORMATS,
} from '../service/bake/outputs.ts';
import { SHARE_FPS, SHARE_FRAMES } from '../service/bake/plan/share.ts';
import { BACKGROUND, type Background, SCALES, type Scale } from '../service/bake/plan/size.ts';
import type { BakeOptions } from './bake-run.ts';

const FORMATS = OUTPUT_KINDS.filter((kind): kind is FormatKind => OUTPUTS[kind].cli === 'format');

const EXAMPLES = `
Examples:
  oven bake tape.zip                         tape.mp4 and tape-thumb.jpg, here
  oven bake tape.zip --out videos --scale 4  each pixel 4 × 4, in videos/
  oven bake tape.zip -f mp4 -f gif           a short GIF as well
  oven bake tape.zip -f share --share-frame 1080x1920   for sites that want a constant rate
  oven bake tape.zip --json | jq .duration   for scripts

Environment:
${environment().join('\n')}

Exit status: 0 done; 1 the tape could not be baked, with one line that says why; 2 wrong usage.`;

function environment(): string[] {
  const limits = Object.values(LIMITS).map(({ variable, bounds, unit, default: value }) => [
    variable,
    `limit for the ${bounds}, in ${unit} (${value} when not set)`,
  ]);
  const others = [
    ['OUTPUT_SCALE', 'the scale, where --scale is left out'],
    ['TEMP_DIR', `where working files are until the bake ends (now ${process.env.TEMP_DIR || tmpdir()})`],
  ];
  return [...limits, ...others].map(([name, what]) => `  ${name!.padEnd(16)}  ${what}`);
}

/** `oven bake`: bakes one tape. */
export function bakeCommand(): Command {
  return new Command('bake')
    .summary('bake one tape to a video and a thumbnail')
    .description('Bakes the tape in TAPE.zip to <name>.mp4 and <name>-thumb.jpg, where <name> is TAPE.')
    .argument('<TAPE.zip>', 'the tape, as the recorder wrote it')
    .option('-o, --out <DIR>', 'folder for the files, made if it is missing', '.')
    .addOption(
      new Option(
        '-s, --scale <FACTOR>',
        `how many times each pixel is enlarged: ${SCALES.join(', ')} (default: OUTPUT_SCALE, or auto)`,
      ).argParser(parseScale),
    )
    .addOption(
      new Option(
        '-f, --format <FORMAT>',
        `what to make beside the thumbnail: ${FORMATS.join(', ')} (default: ${FORMATS[0]}); may be given several times`,
      ).argParser(addFormat),
    )
    .addOption(
      new Option(
        '--thumbnail-at <MOMENT>',
        `what the thumbnail shows: seconds, or ${MOMENTS.join(', ')} (default: ${KIND_OPTIONS.thumbnail.at})`,
      ).argParser(parseMoment),
    )
    .addOption(
      new Option('--thumbnail-format <FORMAT>', 'the format of the thumbnail')
        .choices(STILL_FORMATS)
        .default(KIND_OPTIONS.thumbnail.format),
    )
    .addOption(
      new Option('--share-frame <SIZE>', 'pixels of the share video, with the tape in its middle')
        .choices(SHARE_FRAMES)
        .default(KIND_OPTIONS.share.frame),
    )
    .addOption(
      new Option('--share-fps <RATE>', 'pictures a second of the share video')
        .choices(SHARE_FPS.map(String))
        .default(String(KIND_OPTIONS.share.fps)),
    )
    .addOption(
      new Option(
        '--share-background <COLOUR>',
        `the colour around the tape in the share video, such as #1a2b3c (default: ${KIND_OPTIONS.share.background})`,
      ).argParser(parseBackground),
    )
    .option(
      '--no-share-silence',
      'no silence in the share video, and no sound track if the tape has no sound',
    )
    .option('--json', 'print one JSON object about what was made, and nothing else')
    .addHelpText('after', EXAMPLES)
    .action(async (tape: string, options: BakeOptions) => (await import('./bake-run.ts')).run(tape, options));
}

function parseScale(value: string): Scale {
  const scale = SCALES.find((known) => String(known) === value);
  if (scale === undefined) throw new InvalidArgumentError(`It is one of ${SCALES.join(', ')}.`);
  return scale;
}

function parseMoment(value: string): Moment {
  const named = MOMENTS.find((known) => known === value);
  if (named !== undefined) return named;
  const seconds = value.trim() === '' ? Number.NaN : Number(value);
  if (seconds >= 0 && Number.isFinite(seconds)) return seconds;
  throw new InvalidArgumentError(`It is a number of seconds, or one of ${MOMENTS.join(', ')}.`);
}

function parseBackground(value: string): Background {
  if (BACKGROUND.test(value)) return value as Background;
  throw new InvalidArgumentError('It is a colour such as #1a2b3c.');
}

// Each `--format` takes one value: a list would take the tape's name after it too.
function addFormat(value: string, before: readonly FormatKind[] = []): FormatKind[] {
  const format = FORMATS.find((known) => known === value);
  if (format === undefined) throw new InvalidArgumentError(`It is one of ${FORMATS.join(', ')}.`);
  return [...before, format];
}
