import { reactive, readonly } from 'vue';

/** How times and counts are written; `undefined` as this browser does. */
const state = reactive({ language: undefined as string | undefined, timeZone: undefined as string | undefined });

export const display = readonly(state);

/** Takes over a person's preferences. What this browser does not know is left to the browser. */
export function displayIn(language: string | null, timeZone: string | null): void {
  state.language = known(() => new Intl.NumberFormat(language ?? undefined)) ? (language ?? undefined) : undefined;
  const zone = timeZone ?? undefined;
  state.timeZone = known(() => new Intl.DateTimeFormat(undefined, { timeZone: zone })) ? zone : undefined;
}

function known(use: () => unknown): boolean {
  try {
    use();
    return true;
  } catch {
    return false;
  }
}
