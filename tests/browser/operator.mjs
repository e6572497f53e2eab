/** Whoever runs the `ward` command on the machine. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What `ward user` prints, in a shell without settings of its own. */
export async function wardUser(...words) {
  const { WARD, WARD_ENV_FILE } = process.env;
  const { stdout } = await promisify(execFile)(WARD, ['user', ...words, '--env-file', WARD_ENV_FILE], { env: {} });
  return stdout.trim();
}
