import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { thirdParty } from './third-party.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const licenses = thirdParty()

/** The page and its threads, bundled into `dist/page`. */
export default defineConfig({
  root: path('src/page'),
  // The console is served wherever its server wants it.
  base: './',
  resolve: {
    conditions: ['source', 'module', 'browser', 'development|production'],
    alias: {
      'react/jsx-runtime': 'preact/jsx-runtime',
      'react-dom': 'preact/compat',
      react: 'preact/compat',
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [licenses.page],
  worker: { format: 'es', plugins: () => [licenses.thread] },
  build: {
    outDir: path('dist/page'),
    emptyOutDir: true,
    target: 'es2024',
    // A policy without `unsafe-inline` and `data:` takes neither inlined scripts nor inlined pictures.
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      onLog(level, log, handle) {
        // Directives for servers of React, which mean nothing here.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log)
      },
    },
  },
})
