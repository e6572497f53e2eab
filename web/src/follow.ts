import { nextTick, ref, watch, type Ref } from 'vue';

/** How near to its end a scrolled element counts as being at it, in CSS pixels. */
const NEAR_END = 24;

/**
 * Keeps a growing element scrolled to its end, and lets go the moment someone scrolls up to read.
 *
 * `grown` is read after each change of the content; `onScroll` belongs on the element.
 */
export function useFollow(element: Ref<HTMLElement | null>, grown: () => unknown) {
  const following = ref(true);
  let lastTop = 0;

  function onScroll(): void {
    const box = element.value;
    if (!box) return;
    const distance = box.scrollHeight - box.clientHeight - box.scrollTop;
    // The direction decides, not the distance: during fast growth the end runs ahead of our own scrolling.
    if (box.scrollTop < lastTop - 1) following.value = distance <= 1;
    else if (distance <= NEAR_END) following.value = true;
    lastTop = box.scrollTop;
  }

  async function toEnd(): Promise<void> {
    following.value = true;
    await nextTick();
    const box = element.value;
    if (!box) return;
    box.scrollTop = box.scrollHeight;
    lastTop = box.scrollTop;
  }

  watch(grown, () => {
    if (following.value) void toEnd();
  });

  return { following, onScroll, toEnd };
}
