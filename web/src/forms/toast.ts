import { readonly, ref } from 'vue';

const SHOWN_MS = 6000;

const text = ref('');
let timer: ReturnType<typeof setTimeout> | undefined;

/** What was just done; empty for nothing. */
export const toast = readonly(text);

/** Says that something is done, on the screen and to a screen reader. */
export function say(message: string): void {
  clearTimeout(timer);
  text.value = message;
  timer = setTimeout(() => (text.value = ''), SHOWN_MS);
}

/** Takes back what is said: something else has gone wrong since. */
export function hush(): void {
  clearTimeout(timer);
  text.value = '';
}
