import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { Problem, saveVersioned } = await load('./testing/modules.ts');
const isConflict = (fault) => fault instanceof Problem && fault.status === 412;

/** A server whose document someone else changes `others` times, each time just before our change arrives. */
function contested(others) {
  const server = { version: 1, sent: [] };
  const read = async () => ({ etag: `"${server.version}"` });
  const send = async (etag) => {
    server.sent.push(etag);
    if (others > 0) {
      others -= 1;
      server.version += 1;
    }
    if (etag !== `"${server.version}"`) throw new Problem(412, 'version_conflict', 'Changed meanwhile');
    server.version += 1;
    return read();
  };
  return { server, read, send };
}

test('a change of the newest version is sent once', async () => {
  const { server, read, send } = contested(0);
  assert.deepEqual(await saveVersioned(await read(), send, read, isConflict), { etag: '"2"' });
  assert.deepEqual(server.sent, ['"1"']);
});

test('a change that came too late is sent again over what is there now', async () => {
  const { server, read, send } = contested(1);
  await saveVersioned(await read(), send, read, isConflict);
  assert.deepEqual(server.sent, ['"1"', '"2"']);
});

test('a change that always comes too late is given up', async () => {
  const { server, read, send } = contested(100);
  await assert.rejects(saveVersioned(await read(), send, read, isConflict), { status: 412 });
  assert.equal(server.sent.length, 3);
});

test('any other refusal is not tried again', async () => {
  let sent = 0;
  const refuse = async () => {
    sent += 1;
    throw new Problem(422, 'invalid_body', 'Not a theme');
  };
  await assert.rejects(
    saveVersioned({ etag: '"1"' }, refuse, () => assert.fail('no reread'), isConflict),
    { status: 422 },
  );
  assert.equal(sent, 1);
});
