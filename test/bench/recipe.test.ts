import { expect, it } from 'vitest';
import { recipeArguments, recipeRate, recipeThumbnail } from '../../bench/recipe.ts';

it.each([
  ['the sound', { frames: 473, soundSeconds: 7.936, durations: [16.67] }, 60],
  ['the sound, even when it is short', { frames: 100, soundSeconds: 1, durations: [] }, 100],
  ['the mean duration', { frames: 3, soundSeconds: undefined, durations: [30, 40, 30] }, 30],
  ['nothing', { frames: 3, soundSeconds: undefined, durations: [] }, 60],
])('The rate of the plain recipe comes from %s', (_, input, rate) => {
  expect(recipeRate(input)).toBe(rate);
});

it('The arguments for ffmpeg are those of the plain recipe', () => {
  const video =
    '-vf scale=iw*3:ih*3:flags=neighbor,scale=trunc(iw/2)*2:trunc(ih/2)*2:flags=neighbor -c:v libx264 -pix_fmt yuv420p -movflags +faststart o.mp4';
  expect(recipeArguments(60, false, 'o.mp4').join(' ')).toBe(`-y -framerate 60 -i frame-%05d.png ${video}`);
  const sound = '-i soundtrack.wav -c:a aac -b:a 128k';
  expect(recipeArguments(59, true, 'o.mp4').join(' ')).toBe(
    `-y -framerate 59 -i frame-%05d.png ${sound} ${video}`,
  );
});

it('The thumbnail of the plain recipe shows the middle frame by number', () => {
  expect([1, 2, 473].map((frames) => recipeThumbnail(frames).frame)).toEqual([0, 1, 236]);
});
