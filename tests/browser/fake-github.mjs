// A small GitHub on a free port of 127.0.0.1. It asks for the right client, redirect, state and PKCE (RFC 7636), its
// codes work once, and its page asks whoever is at the browser who they are. The settings that make a `ward dev` use it
// are printed first, up to an empty line. REDIRECT_URI is the one its app has registered.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const CLIENT_ID = 'Iv1.0123456789abcdef';
const CLIENT_SECRET = randomBytes(20).toString('hex');
const REDIRECT_URI = process.env.REDIRECT_URI;
/** Of base64url, 256 bits. */
const LONG = /^[\w-]{43,}$/;

/** The numbers of its users by their logins: a number stays, whatever address they have. */
const numbers = new Map();
const codes = new Map();
const tokens = new Map();
let down = false;

const routes = {
  'GET /login/oauth/authorize': askUser,
  'POST /login/oauth/authorize': answerUser,
  'POST /login/oauth/access_token': trade,
  'GET /api/user': (request) => withToken(request, ({ login }) => ({ id: numbers.get(login), login, name: null })),
  'GET /api/user/emails': (request) => withToken(request, ({ email }) => [{ email, primary: true, verified: true }]),
  [`DELETE /api/applications/${CLIENT_ID}/grant`]: revoke,
  [`DELETE /api/applications/${CLIENT_ID}/token`]: revoke,
  // What happens at GitHub without Ward.
  'POST /walk/end-tokens': ({ body }) => endTokens(body.get('login')),
  'POST /walk/down': ({ body }) => ((down = body.get('down') === 'true'), empty(204)),
  'GET /walk/tokens': ({ query }) => json(200, tokensOf(query.get('login'))),
};

/** What is wrong with a request for a code; `null` where it is right. */
function wrongRequest(query) {
  const expected = {
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    code_challenge_method: 'S256',
  };
  const wrong = Object.keys(expected).find((name) => query.get(name) !== expected[name]);
  return wrong ?? ['state', 'code_challenge'].find((name) => !LONG.test(query.get(name) ?? '')) ?? null;
}

function askUser({ query }) {
  const wrong = wrongRequest(query);
  if (wrong) return html(400, `<h1>Wrong request</h1><p>${wrong}</p>`);
  const asked = ['state', 'code_challenge', 'redirect_uri', 'scope'];
  const hidden = asked.map((name) => `<input type="hidden" name="${name}" value="${escaped(query.get(name))}">`);
  return html(
    200,
    `<h1>Authorize Ward</h1><form method="post">${hidden.join('')}
    <label>Login <input name="login"></label> <label>E-mail <input name="email"></label>
    <button name="does" value="authorize">Authorize</button> <button name="does" value="cancel">Cancel</button></form>`,
  );
}

function answerUser({ body }) {
  const back = new URL(body.get('redirect_uri'));
  back.searchParams.set('state', body.get('state'));
  if (body.get('does') === 'authorize') {
    const [login, email] = [body.get('login'), body.get('email')];
    if (!numbers.has(login)) numbers.set(login, 1000 + numbers.size);
    const code = randomBytes(10).toString('hex');
    codes.set(code, { login, email, scope: body.get('scope'), challenge: body.get('code_challenge') });
    back.searchParams.set('code', code);
  } else {
    back.searchParams.set('error', 'access_denied');
  }
  return { status: 302, headers: { Location: back.href }, body: '' };
}

/** Errors come with status 200, as GitHub's do. */
function trade({ body, headers }) {
  if (headers.accept !== 'application/json') return html(200, 'access_token=form-encoded');
  const is = (name, right) => body.get(name) === right;
  if (!is('client_id', CLIENT_ID) || !is('client_secret', CLIENT_SECRET)) {
    return json(200, { error: 'incorrect_client_credentials' });
  }
  if (!is('redirect_uri', REDIRECT_URI)) return json(200, { error: 'redirect_uri_mismatch' });
  const granted = codes.get(body.get('code'));
  codes.delete(body.get('code'));
  const verifier = body.get('code_verifier') ?? '';
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  if (!LONG.test(verifier) || granted?.challenge !== challenge) return json(200, { error: 'bad_verification_code' });
  const token = `gho_${randomBytes(18).toString('hex')}`;
  tokens.set(token, { login: granted.login, email: granted.email });
  return json(200, { access_token: token, token_type: 'bearer', scope: granted.scope.split(' ').join(',') });
}

function withToken({ headers }, answer) {
  const granted = tokens.get(headers.authorization?.replace(/^Bearer /, ''));
  return granted ? json(200, answer(granted)) : json(401, { message: 'Bad credentials' });
}

function revoke({ body, headers, path }) {
  const basic = Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64');
  if (headers.authorization !== `Basic ${basic}`) return empty(401);
  const granted = tokens.get(body.access_token);
  if (!granted) return empty(404);
  if (path.endsWith('/grant')) return endTokens(granted.login);
  tokens.delete(body.access_token);
  return empty(204);
}

function tokensOf(wanted) {
  return [...tokens.values()].filter(({ login }) => login === wanted);
}

function endTokens(wanted) {
  for (const [token, { login }] of tokens) if (login === wanted) tokens.delete(token);
  return empty(204);
}

const empty = (status) => ({ status, headers: {}, body: '' });
const json = (status, value) => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(value),
});

function html(status, body) {
  const page = `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>GitHub</title>${body}`;
  return { status, headers: { 'Content-Type': 'text/html' }, body: page };
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

async function read(request) {
  let text = '';
  for await (const part of request) text += part;
  return request.headers['content-type']?.includes('json') ? JSON.parse(text) : new URLSearchParams(text);
}

const server = createServer(async (request, response) => {
  const { pathname: path, searchParams: query } = new URL(request.url, 'http://127.0.0.1');
  const route = routes[`${request.method} ${path}`];
  const body = await read(request);
  const away = down && !path.startsWith('/walk/');
  const answer = away ? empty(503) : (route?.({ query, body, path, headers: request.headers }) ?? empty(404));
  response.writeHead(answer.status, answer.headers).end(answer.body);
});

server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const settings = {
    GITHUB_URL: url,
    GITHUB_API_URL: `${url}/api`,
    GITHUB_CLIENT_ID: CLIENT_ID,
    GITHUB_CLIENT_SECRET: CLIENT_SECRET,
    GITHUB_SCOPES: 'repo user:email',
  };
  for (const [name, value] of Object.entries(settings)) console.log(`${name}=${value}`);
  console.log();
});
