import { shallowReadonly, shallowRef } from 'vue';

import { Problem, preferences, type PreferencesPatch, type Versioned } from '../api';
import { displayIn } from './display';
import { saveVersioned } from './save-versioned';
import { applyTheme } from './theme';

/** Said in the page's own words: the server's are for whoever calls its API. */
const CONTESTED = new Problem(
  412,
  'version_mismatch',
  'Your preferences are being changed somewhere else',
  'They are shown as they are now. Choose again.',
);

const current = shallowRef<Versioned | null>(null);
let latest: Promise<unknown> = Promise.resolve();

/** The signed-in person's preferences, once they are read. */
export const preferred = shallowReadonly(current);

/** Reads the preferences and puts the page into them. */
export function loadPreferences(): Promise<void> {
  return inTurn(async () => adopt(await preferences.get()));
}

/** Changes what the patch names; `null` goes back to the default. */
export function changePreferences(patch: PreferencesPatch): Promise<void> {
  return inTurn(() => send(patch));
}

/** Forgets whose they were. The theme stays: it belongs to the device as well. */
export function forgetPreferences(): void {
  current.value = null;
  displayIn(null, null);
}

/** One after the other: an answer that was overtaken would bring back what is no longer so. */
function inTurn(step: () => Promise<void>): Promise<void> {
  const turn = latest.then(step);
  latest = turn.catch(() => undefined);
  return turn;
}

function adopt(read: Versioned): void {
  current.value = read;
  applyTheme(read.document.theme);
  displayIn(read.document.language, read.document.time_zone);
}

async function send(patch: PreferencesPatch): Promise<void> {
  const read = current.value ?? (await preferences.get());
  const save = (etag: string) => preferences.patch(patch, etag);
  try {
    adopt(await saveVersioned(read, save, reread, isConflict));
  } catch (fault) {
    throw isConflict(fault) ? CONTESTED : fault;
  }
}

async function reread(): Promise<Versioned> {
  const now = await preferences.get();
  adopt(now);
  return now;
}

function isConflict(fault: unknown): boolean {
  return fault instanceof Problem && fault.status === 412;
}
