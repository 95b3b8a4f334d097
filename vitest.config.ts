import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // A guard against hanging, not a measure: machines are shared.
          testTimeout: 30_000,
          include: ['test/unit/**/*.test.ts', 'test/contracts/**/*.test.ts', 'test/house.test.ts'],
        },
      },
      {
        test: { name: 'sim', include: ['test/sim/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        // Real sockets, disks and processes: one file at a time, so that two cores are enough.
        test: {
          name: 'wire',
          include: ['test/wire/**/*.test.ts'],
          globalSetup: 'test/built.ts',
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Machines of their own, made of network namespaces; skipped where there can be none.
        test: {
          name: 'lan',
          include: ['test/lan/**/*.test.ts'],
          globalSetup: 'test/built.ts',
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Without the browser condition Svelte resolves to its server build and effects never run.
        extends: './dashboard/vite.config.ts',
        resolve: { conditions: ['browser'] },
        test: {
          name: 'runes',
          include: ['test/runes/**/*.test.ts'],
          environment: 'happy-dom',
          css: true,
        },
      },
    ],
  },
})
