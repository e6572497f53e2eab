/** What people do again and again at the door. */

/** Long enough to stand alone, and not to be guessed. */
export const PASSWORD = 'copper lantern 47 marsh violin';

export async function open(person) {
  await person.page.goto('/');
  await person.heading('Sign in').waitFor();
}

/** Makes an account with a passkey, from the sign-in screen. */
export async function registerByPasskey(person, username, displayName) {
  await person.button('Create an account').click();
  await person.field('Username').fill(username);
  await person.field('Display name').fill(displayName);
  await person.button('Create passkey').click();
  await person.heading('Notes').waitFor();
}

/** Asks for an account with a password, from the sign-in screen. Without an address it is there at once. */
export async function registerByPassword(person, username, password, email) {
  await person.button('Create an account').click();
  await person.text('With a password').click();
  await person.field('Username').fill(username);
  await person.field('Password').fill(password);
  if (email) await person.page.getByLabel('E-mail address').fill(email);
  await person.button('Create account').click();
}

export async function signOut(person) {
  await person.button('Sign out').click();
  await person.heading('Sign in').waitFor();
}

/** Types a name and a password into the sign-in screen. What follows is the caller's. */
export async function signInByPassword(person, who, password) {
  await person.page.getByLabel('Username, e-mail or phone').fill(who);
  await person.field('Password').fill(password);
  await person.button('Sign in').click();
}

export async function openSecurity(person) {
  await person.goTo('Security');
  await allRead(person);
}

/** Resolves once the security page shows all there is, so that it can be counted. */
export async function allRead(person) {
  await person.list('Your sessions').getByRole('listitem').first().waitFor();
  await person.page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
}

/** Answers the page's own question. */
export async function agree(person, title, action) {
  const dialog = person.dialog(title);
  await dialog.getByRole('button', { name: action, exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
}

/** Another code of six digits. */
export function wrong(code) {
  return String((Number(code) + 500_000) % 1_000_000).padStart(6, '0');
}
