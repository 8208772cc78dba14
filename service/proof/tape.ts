import sharp from 'sharp';
import { storedZip } from './zip.ts';

const WIDTH = 33; // odd, as those of the recorder often are
const HEIGHT = 24;
const FRAMES = 6;
const FRAME_MS = 1000 / 60;
const RATE = 48_000;

/** A tape of a tenth of a second, with pictures that differ and sound: what every release must be able to bake. */
export async function builtInTape(): Promise<Buffer> {
  const files: Record<string, Buffer> = {};
  const timing: object[] = [];
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const filename = `frame-${String(frame).padStart(5, '0')}.png`;
    files[filename] = await picture(frame);
    timing.push({ frame, filename, duration: FRAME_MS, timestamp: 1.7e12 + frame * FRAME_MS });
  }
  files['timing.json'] = json(timing);
  files['metadata.json'] = json({
    resolution: { width: WIDTH, height: HEIGHT },
    frameCount: FRAMES,
    totalDuration: (FRAMES * FRAME_MS) / 1000,
    ...{ piece: 'oven', audioSampleRate: RATE, pieceChanges: [], slug: null },
  });
  files['soundtrack.wav'] = sound((FRAMES * FRAME_MS) / 1000);
  return storedZip(files);
}

/** A bright square that moves. */
function picture(frame: number): Promise<Buffer> {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 4);
  for (let at = 0; at < WIDTH * HEIGHT; at += 1) {
    const isInside = Math.abs((at % WIDTH) - 4 * frame - 4) < 3 && Math.abs(Math.floor(at / WIDTH) - 12) < 5;
    pixels.set(isInside ? [255, 160, 40, 255] : [20, 30, 60, 255], at * 4);
  }
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })
    .png()
    .toBuffer();
}

/** A WAV of 16-bit stereo. */
function sound(seconds: number): Buffer {
  const samples = Math.round(seconds * RATE);
  const bytes = Buffer.alloc(44 + samples * 4);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(2, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * 4, 28);
  bytes.writeUInt16LE(4, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(samples * 4, 40);
  for (let sample = 0; sample < samples; sample += 1) {
    const value = Math.round(Math.sin((sample * 440 * 2 * Math.PI) / RATE) * 8000);
    bytes.writeInt16LE(value, 44 + sample * 4);
    bytes.writeInt16LE(value, 46 + sample * 4);
  }
  return bytes;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
