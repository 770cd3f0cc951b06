import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitepress'

/** A letter that waits: grey, with a green edge. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect x="1" y="3" width="14" height="10" rx="2" fill="#8b949e"/><path d="M2 5l6 4 6-4" fill="none" stroke="#7ee787" stroke-width="2"/></svg>',
)}`

export default defineConfig({
  title: 'greyctl',
  description:
    'Greylisting for Postfix: installed with one command, proven with real mail, taken back without a trace',
  // below which address of its host the site lies
  base: process.env.GREYCTL_SITE_BASE ?? '/',
  srcDir: 'content',
  outDir: 'dist',
  cacheDir: '.cache',
  cleanUrls: false,
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: ICON }]],
  themeConfig: {
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Documentation', link: '/documentation' },
      { text: 'Commands', link: '/commands/' },
      { text: 'Problems', link: '/problems/' },
    ],
    sidebar: JSON.parse(readFileSync(new URL('../sidebar.json', import.meta.url), 'utf8')),
    outline: [2, 3],
    // in the pages themselves: nobody is asked
    search: { provider: 'local' },
  },
  markdown: { theme: { light: 'github-light', dark: 'github-dark' } },
})
