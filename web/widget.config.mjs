// Builds the seat-map element for other people's pages: one classic script, dist/web/widget/widget.js,
// that needs nothing else. After the pages' build, which empties the folder, and not part of it, since a page's scripts are modules in several files.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const webFolder = dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  root: webFolder,
  publicDir: false,
  clearScreen: false,
  build: {
    outDir: join(webFolder, '..', 'dist', 'web', 'widget'),
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    lib: {
      entry: join(webFolder, 'src', 'widget.ts'),
      formats: ['iife'],
      name: 'UsherSeatMap',
      fileName: () => 'widget.js',
    },
  },
});
