import { readonly, ref } from 'vue';

import { ownAccount } from '../api';
import { day } from '../format';
import { close } from './session';

const state = ref<string | null>(null);

/** When the account is deleted, where that was asked for. */
export const deletionDueAt = readonly(state);

/** Finds out whether the account is to be deleted. */
export async function loadDeletion(): Promise<void> {
  state.value = await ownAccount.deletionDueAt();
}

/** Forgets what was known of an account that is no longer open. */
export function forgetDeletion(): void {
  state.value = null;
}

/** Asks for the deletion, which ends every session: the sign-in screen says how to take it back. */
export async function removeAccount(username: string): Promise<void> {
  const asked = await ownAccount.remove(username);
  close(`Your account will be deleted on ${day(asked.due_at)}. Sign in before then to keep it.`);
}

/** Takes the deletion back. */
export async function keepAccount(): Promise<void> {
  await ownAccount.keep();
  state.value = null;
}
