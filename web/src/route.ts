import { readonly, ref, shallowReadonly, shallowRef } from 'vue';

import { apiUrl, github } from './api';
import { readError, readLink, type Link, type ReturnError } from './identity/links';

/** The parts of the signed-in page. They alone stand in the address: keys and titles may be health data. */
export const sections = ['notes', 'files', 'chat', 'usage', 'security', 'users', 'preferences'] as const;
export type Section = (typeof sections)[number];

/** A path of the page, and all there is. */
const PAGE = '/';
/** Where the page goes on after GitHub: the way back has a fragment only where the server has something to say. */
const RETURN_TO = 'ward.return-to';

const current = ref<Section>('notes');
const openLink = shallowRef<Link | null>(null);
const openError = shallowRef<ReturnError | null>(null);
const back = ref(false);

readAddress();
window.addEventListener('hashchange', readAddress);

/** The section the address names. */
export const section = readonly(current);
/** The link the page was opened with, until it is done with. */
export const link = shallowReadonly(openLink);
/** What went wrong at GitHub, until it is read. */
export const addressError = shallowReadonly(openError);

export function closeLink(): void {
  openLink.value = null;
}

export function forgetAddressError(): void {
  openError.value = null;
}

/** Whether someone has just come back from connecting GitHub, without an error; says so once. */
export function takeReturn(): boolean {
  const isBack = back.value;
  back.value = false;
  return isBack;
}

/** Goes to GitHub to sign in. */
export function signInAtGithub(): void {
  sessionStorage.removeItem(RETURN_TO);
  window.location.assign(apiUrl(`/api/auth/github?return_to=${encodeURIComponent(PAGE)}`));
}

/** Goes to GitHub to connect it to the account that is open; the way back comes to this section. */
export async function connectGithub(returnTo: Section): Promise<void> {
  const { url } = await github.connect(PAGE);
  sessionStorage.setItem(RETURN_TO, returnTo);
  window.location.assign(url);
}

/** Tokens leave the address at once: it stays in the history, and people copy it. */
function readAddress(): void {
  const { hash, pathname } = window.location;
  const found = readLink(hash);
  const error = readError(hash);
  const inAddress = named(hash);
  const returned = takeReturnTo();
  const wanted = inAddress ?? (error?.place === 'security' ? 'security' : returned);
  if (found) openLink.value = found;
  if (error) openError.value = error;
  if (found || error || wanted !== inAddress) {
    window.history.replaceState(null, '', wanted ? `${pathname}#/${wanted}` : pathname);
  }
  back.value = returned !== undefined && hash === '';
  current.value = wanted ?? 'notes';
}

function named(hash: string): Section | undefined {
  const name = hash.replace(/^#\/?/, '');
  return sections.find((known) => known === name);
}

/** The section someone left for GitHub from; they are back where they were. */
function takeReturnTo(): Section | undefined {
  const name = sessionStorage.getItem(RETURN_TO);
  sessionStorage.removeItem(RETURN_TO);
  return sections.find((known) => known === name);
}
