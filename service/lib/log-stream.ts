/**
 * The end of the log. pino's own destinations throw when the disk is full, and wait for a pipe that nothing reads; a service
 * must do neither.
 */
import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

export interface LogStream {
  /** Takes one line with its end. Never throws, and never waits for a reader. */
  write(line: string): void;
  /** Lines that could not be written. */
  readonly dropped: number;
}

/** What may wait for a slow reader, in bytes. */
const MAX_BACKLOG = 1024 * 1024;

/** Opens a descriptor as the end of the log. The first line after a gap says how many lines are missing. */
export function openLogStream(fd: number): LogStream {
  const put = writerOf(fd);
  let dropped = 0;
  let reported = 0;
  return {
    write: (line) => {
      const gap = dropped - reported;
      const text = gap > 0 ? gapLine(gap) + line : line;
      if (put(text)) reported = dropped;
      else dropped += 1;
    },
    get dropped() {
      return dropped;
    },
  };
}

/** Makes the function that writes text whole, now or soon, or says that it can't. */
function writerOf(fd: number): (text: string) => boolean {
  const kind = fstatSync(fd);
  if (!kind.isFIFO() && !kind.isSocket()) {
    let isTorn = false; // part of a line is the last that was written
    return (text) => {
      let left = Buffer.from(isTorn ? `\n${text}` : text);
      const { length } = left;
      try {
        while (left.length > 0) left = left.subarray(writeSync(fd, left));
        isTorn = false;
        return true;
      } catch {
        isTorn ||= left.length < length;
        return false; // a full disk
      }
    };
  }
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on('error', () => {}); // a reader that has gone: `writable` says so
  socket.unref();
  return (text) => {
    if (!socket.writable || socket.writableLength + text.length > MAX_BACKLOG) return false;
    socket.write(text);
    return true;
  };
}

function gapLine(lines: number): string {
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: 'warn', time, service: 'oven', dropped: lines, msg: 'lines of the log were lost' })}\n`;
}
