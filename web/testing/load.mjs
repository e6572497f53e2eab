import { runnerImport } from 'vite';

/** A module of the page, compiled as its build does; `apiUrl` is what the build was told of the API's host. */
export async function load(path, { apiUrl = '' } = {}) {
  const define = { 'import.meta.env.WARD_API_URL': JSON.stringify(apiUrl) };
  const options = { configFile: false, root: new URL('..', import.meta.url).pathname, define };
  return (await runnerImport(path, options)).module;
}
