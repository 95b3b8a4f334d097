import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

/** How the page is compiled: for the browser, for svelte-check and for the tests of its runes. */
export default defineConfig({
  plugins: [svelte({ configFile: false })],
})
