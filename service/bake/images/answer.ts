import { PngFault, readPng } from '../frames/chunks.ts';
import { repack } from '../frames/pixels.ts';
import { convert } from './convert.ts';
import type { Answers, Blame, Question, Reply } from './messages.ts';
import { makeAnimation, makePage } from './preview.ts';
import { makeThumbnail } from './thumbnail.ts';

let pages: Buffer[] = [];

/** The reply to a question; whatever goes wrong is a reply, too. */
export async function answer(question: Question): Promise<Reply> {
  try {
    return { kind: 'answer', answer: await work(question) };
  } catch (error) {
    return { kind: 'fault', blame: blame(error), message: String(error) };
  }
}

async function work(question: Question): Promise<Answers[keyof Answers]> {
  switch (question.ask) {
    case 'convert':
      return convert(await readable(question.png));
    case 'thumbnail':
      return makeThumbnail(await readable(question.png), question.frame, question.side);
    case 'page':
      pages.push(await makePage(await readable(question.png), question.size));
      return null;
    case 'animation': {
      const all = pages;
      pages = [];
      return makeAnimation(question.kind, all, question.delays, question.output);
    }
  }
}

/** libpng and Oven judge by one measure what is damaged: all that reaches the former was unpacked and packed anew. */
async function readable(png: Buffer): Promise<Buffer> {
  return repack(readPng(Buffer.from(png.buffer, png.byteOffset, png.byteLength)));
}

/** sharp's errors have no codes, only libvips' words. */
function blame(error: unknown): Blame {
  if (error instanceof PngFault) return 'picture';
  const words = String(error);
  if (words.includes('No space left on device')) return 'disk';
  if (/out of memory|unable to allocate|Cannot allocate/i.test(words)) return 'memory';
  return /pngload|vipspng/.test(words) ? 'picture' : 'oven';
}
