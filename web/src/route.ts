import { readonly, ref, shallowReadonly, shallowRef } from 'vue';

import { readError, readLink, type Link } from './identity/links';

/** The parts of the signed-in page. They alone stand in the address: keys and titles may be health data. */
export const sections = ['notes', 'chat', 'usage', 'security', 'users', 'preferences'] as const;
export type Section = (typeof sections)[number];

/** Where the page goes on after GitHub: fragments do not survive the way there and back. */
const RETURN_TO = 'ward.return-to';

const current = ref<Section>('notes');
const openLink = shallowRef<Link | null>(null);
const openError = ref<string | null>(null);

readAddress();
window.addEventListener('hashchange', readAddress);

/** The section the address names. */
export const section = readonly(current);
/** The link the page was opened with, until it is done with. */
export const link = shallowReadonly(openLink);
/** What went wrong at GitHub, by its code. */
export const addressError = readonly(openError);

export function closeLink(): void {
  openLink.value = null;
}

export function forgetAddressError(): void {
  openError.value = null;
}

/** Goes to GitHub's sign-in; the way back comes to this section. */
export function leaveForGithub(returnTo: Section | null): void {
  if (returnTo) sessionStorage.setItem(RETURN_TO, returnTo);
  else sessionStorage.removeItem(RETURN_TO);
  window.location.assign('/api/auth/github?return_to=%2F');
}

/** Tokens leave the address at once: it stays in the history, and people copy it. */
function readAddress(): void {
  const { hash, search, pathname } = window.location;
  const found = readLink(hash);
  const error = readError(search);
  const inAddress = named(hash);
  const wanted = inAddress ?? returned();
  if (found) openLink.value = found;
  if (error) openError.value = error;
  if (found || error || wanted !== inAddress) {
    window.history.replaceState(null, '', wanted ? `${pathname}#/${wanted}` : pathname);
  }
  current.value = wanted ?? 'notes';
}

function named(hash: string): Section | undefined {
  const name = hash.replace(/^#\/?/, '');
  return sections.find((known) => known === name);
}

/** The section someone left for GitHub from; they are back where they were. */
function returned(): Section | undefined {
  const name = sessionStorage.getItem(RETURN_TO);
  sessionStorage.removeItem(RETURN_TO);
  return sections.find((known) => known === name);
}
