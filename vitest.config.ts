import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', ['json', { outputFile: '.cache/test-report.json' }]],
    // A bake is a real encoder on a machine that may be busy; what hangs is ended by its own limits long before.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
