import { nextTick } from 'vue';

/**
 * Remembers what is focused, and gives back a way to focus it again once it was lost: a button is disabled while it
 * works, and a row is gone once it is deleted. Then its section's title is next.
 */
export function rememberFocus(): () => Promise<void> {
  const focused = document.activeElement;
  const title = focused?.closest('section')?.querySelector<HTMLElement>('[tabindex="-1"]');

  return async () => {
    await nextTick();
    if (document.activeElement !== document.body || !(focused instanceof HTMLElement)) return;
    if (focused.isConnected) focused.focus();
    else title?.focus();
  };
}
