import type { Preferences } from '../types';

type Theme = Preferences['theme'];

/** So that the next visit starts in it, before anyone is known. */
const REMEMBERED = 'ward.theme';
/** The page's ground, as in tokens.css, for the browser's own frame around it. */
const GROUND = { light: '#f6f5f1', dark: '#0f1413' } as const;

/** Puts the page into the theme; `system` follows the device. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const device = meta.media.includes('dark') ? 'dark' : 'light';
    meta.content = GROUND[theme === 'system' ? device : theme];
  }
  if (theme === 'system') localStorage.removeItem(REMEMBERED);
  else localStorage.setItem(REMEMBERED, theme);
}

/** Puts the page into the theme of the last visit. */
export function applyRememberedTheme(): void {
  const theme = localStorage.getItem(REMEMBERED);
  if (theme === 'light' || theme === 'dark') applyTheme(theme);
}
