import { onBeforeUnmount, ref } from 'vue';

const SHOWN_MS = 3000;

/** Copies texts, and says for a moment how that went. */
export function useCopy() {
  const outcome = ref<'copied' | 'refused' | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function copy(text: string): Promise<void> {
    clearTimeout(timer);
    try {
      await navigator.clipboard.writeText(text);
      outcome.value = 'copied';
    } catch {
      outcome.value = 'refused';
    }
    timer = setTimeout(() => (outcome.value = null), SHOWN_MS);
  }

  onBeforeUnmount(() => clearTimeout(timer));
  return { outcome, copy };
}

/** Hands a text over as a file. */
export function downloadText(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(url);
}
