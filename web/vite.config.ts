import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import vue from '@vitejs/plugin-vue';
import { defineConfig, type Plugin } from 'vite';

import { apiBase } from './api-url.ts';

// Where `cargo ward dev` listens. Passkeys are bound to the page's origin, so for `npm run dev` start Ward with
// WARD_ORIGINS=http://localhost:5173.
const backend = 'http://localhost:9000';
const api = apiBase(process.env.WARD_API_URL);
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** `ward dev` serves what it built as long as no source changes. What was built for another host it builds anew. */
const notForWardDev: Plugin = {
  name: 'ward:not-for-ward-dev',
  writeBundle({ dir }) {
    if (api !== '' && dir === here('dist')) rmSync(here('node_modules/.ward-build'), { force: true });
  },
};

export default defineConfig({
  plugins: [vue(), notForWardDev],
  define: { 'import.meta.env.WARD_API_URL': JSON.stringify(api) },
  build: {
    // The page's policy is `script-src 'self'`: every browser that has passkeys also preloads modules by itself.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    strictPort: true,
    proxy: Object.fromEntries(
      ['/api', '/v1', '/.well-known', '/health', '/openapi.json', '/docs'].map((path) => [path, backend]),
    ),
  },
});
