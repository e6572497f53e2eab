import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

// Where `cargo ward dev` listens. Passkeys are bound to the page's origin, so for `npm run dev` start Ward with
// WARD_ORIGINS=http://localhost:5173.
const backend = 'http://localhost:9000';

export default defineConfig({
  plugins: [vue()],
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
