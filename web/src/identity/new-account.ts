import { identifierKind } from './identifier';

/** What is wrong with a username before anyone is asked, in words that say what to do. */
export function usernameFault(username: string): string | null {
  if (username.trim() === '') return 'Choose a username.';
  switch (identifierKind(username)) {
    // The one field of the sign-in would take it for an address.
    case 'email':
      return 'This looks like an e-mail address. Choose a username without “@”.';
    case 'phone':
      return 'This looks like a phone number. Choose a username with letters.';
    default:
      return null;
  }
}

/** What is wrong with a new password before anyone is asked. */
export function passwordFault(password: string, least: number): string | null {
  if (password === '') return 'Choose a password.';
  const length = Array.from(password).length;
  return length < least ? `Use at least ${least} characters; these are ${length}.` : null;
}
