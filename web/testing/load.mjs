import { runnerImport } from 'vite';

/** A module of the page, compiled as its build does. */
export async function load(path) {
  const options = { configFile: false, root: new URL('..', import.meta.url).pathname };
  return (await runnerImport(path, options)).module;
}
