import type { Target } from './target.ts';

const kept: Buffer[] = [];

/** Goes wrong in each way that the fuzzer finds, at the inputs that fuzz.test.ts expects: they are their own numbers. */
export const target: Target = {
  deadlineMs: 2000,
  make: (_random, n) => {
    const input = Buffer.alloc(2);
    input.writeUInt16LE(n);
    return input;
  },
  open: async () => ({
    run: async (input) => {
      const n = input.readUInt16LE();
      if (n === 2) throw new TypeError('an error without a code', { cause: new Error('the cause') });
      while (n === 5);
      if (n === 8) process.exit(7);
      if (n >= 100) kept.push(Buffer.alloc(100_000, n));
      return 'good';
    },
    close: async () => [],
  }),
};
