import { seeded } from './random.ts';

/** One line of timing.json as the recorder writes it: duration in ms, timestamp in epoch ms, both with fractions. */
export interface TimingEntry {
  frame: number;
  filename: string;
  duration: number;
  timestamp: number;
}

/** The specification of a timing array. `seconds` is the intended total, which the last frame may exceed a little. */
export interface TimingSpec {
  seconds: number;
  fps?: number;
  /** Whether there is a pause of 250 ms about every two seconds, as on a busy phone. */
  stalls?: boolean;
  seed?: number;
}

/** The start (epoch ms) of every made tape. It is fixed, so that a tape has the same bytes each time. */
export const RECORDED_AT = Date.UTC(2025, 10, 3, 12, 0, 0) + 0.3125;
/** Milliseconds that the recorder gives the last frame, since it never sees its end. */
export const LAST_MS = 16.67;
const SHORTEST_MS = 10;
const STALL_MS = 250;

/** The name of frame `n`, counted from 0, inside a tape. */
export function frameName(n: number): string {
  return `frame-${String(n).padStart(5, '0')}.png`;
}

/** Durations in ms about 1000/fps apart with a display's jitter and a missed refresh in a hundred. */
export function makeDurations({ seconds, fps = 60, stalls = false, seed = 1 }: TimingSpec): number[] {
  const random = seeded(seed);
  const refresh = 1000 / fps;
  const durations: number[] = [];
  let total = 0;
  let nextStall = 500 + random() * 1000;
  while (total + LAST_MS < seconds * 1000 - refresh / 2) {
    const jitter = (random() + random() + random() - 1.5) * 2;
    let duration = Math.max(SHORTEST_MS, refresh * (random() < 0.01 ? 2 : 1) + jitter);
    if (stalls && total >= nextStall) {
      duration = STALL_MS + jitter;
      nextStall += 1500 + random() * 1000;
    }
    durations.push(duration);
    total += duration;
  }
  return [...durations, LAST_MS];
}

/** Turns durations in ms into the contents of timing.json. */
export function makeTiming(durations: readonly number[]): TimingEntry[] {
  let passed = 0;
  return durations.map((duration, frame) => {
    const entry = { frame, filename: frameName(frame), duration, timestamp: RECORDED_AT + passed };
    passed += duration;
    return entry;
  });
}
