import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Into dist/console, from where the api serves it (services/api/console-files.ts). */
export default {
  root: here,
  base: '/',
  // JSX is Preact's; no plugin is needed for it.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fileURLToPath(new URL('../../../dist/console', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // Data URLs would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    // The map's library, in kB, which is fetched when a map is looked at; test/services/api/console bounds the rest.
    chunkSizeWarningLimit: 1_100,
    reportCompressedSize: false,
  },
};
