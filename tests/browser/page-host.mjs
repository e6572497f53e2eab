/** The page on a host of its own, beside the API's, as CloudFront serves it. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request as forward } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = new URL('../../', import.meta.url).pathname;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
/** Where large files go in development. On AWS that is S3, a third host. */
const UPLOADS = '/api/files/direct/';

/** Builds the page for the API and serves it at `origin`. */
export async function servePage(origin, api) {
  const folder = await mkdtemp(path.join(tmpdir(), 'ward-page-'));
  await build(folder, api);
  const policy = await policyOf(api, origin);
  const server = createServer((request, response) => {
    if (request.url.startsWith(UPLOADS)) return pass(request, response, api);
    return send(folder, policy, request, response);
  });
  await new Promise((listening) => server.listen(new URL(origin).port, '127.0.0.1', listening));
  return async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await rm(folder, { recursive: true });
  };
}

function build(folder, api) {
  const words = ['run', '--silent', 'build', '--prefix', `${ROOT}web`, '--', '--outDir', folder, '--emptyOutDir'];
  return promisify(execFile)('npm', words, { env: { ...process.env, WARD_API_URL: api } });
}

/** The page's content security policy as `infra/edge.yaml` has it, with the hosts there are here. */
async function policyOf(api, uploads) {
  const template = await readFile(`${ROOT}infra/edge.yaml`, 'utf8');
  const [policy] = /default-src 'none'; script-src [^{]*\{ApiHost\}[^{]*\{FilesBucketDomain\}[^{]*?(?=\n *- \{)/.exec(template);
  return policy
    .replaceAll(/\s+/g, ' ')
    .replace('https://${ApiHost}', api)
    .replace('https://${FilesBucketDomain}', uploads);
}

async function send(folder, policy, { url }, response) {
  const name = url === '/' ? '/index.html' : new URL(url, 'http://page').pathname;
  const content = await readFile(path.join(folder, name)).catch(() => null);
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('Content-Type', TYPES[path.extname(name)] ?? 'application/octet-stream');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.writeHead(content ? 200 : 403).end(content);
}

/** Hands a large file on, as it comes. */
function pass(request, response, api) {
  const { method, headers } = request;
  const onward = forward({ host: '127.0.0.1', port: new URL(api).port, path: request.url, method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.writeHead(502).end());
  request.pipe(onward);
}
