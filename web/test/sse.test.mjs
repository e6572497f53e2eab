import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runnerImport } from 'vite';

const { module } = await runnerImport('./src/sse.ts', { configFile: false, root: new URL('..', import.meta.url).pathname });

async function events(chunks) {
  const stream = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const seen = [];
  for await (const event of module.serverEvents(stream)) seen.push(event);
  return seen;
}

const STREAM = 'event: delta\ndata: {"text":"a"}\n\nevent: done\ndata: {}\n\n';
const EVENTS = [
  { event: 'delta', data: '{"text":"a"}' },
  { event: 'done', data: '{}' },
];

test('events come out the same wherever the network cuts the text', async () => {
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    assert.deepEqual(await events([STREAM.slice(0, cut), STREAM.slice(cut)]), EVENTS, `cut at ${cut}`);
  }
  assert.deepEqual(await events([...STREAM]), EVENTS);
});

test('lines may end in LF, CR LF or CR, even cut between the two', async () => {
  for (const end of ['\r\n', '\r']) {
    const text = STREAM.replaceAll('\n', end);
    assert.deepEqual(await events([text]), EVENTS);
    assert.deepEqual(await events([...text]), EVENTS);
  }
});

test('data of several lines is joined, comments and unknown fields are passed over', async () => {
  assert.deepEqual(await events([': keep-alive\n\nid: 7\ndata: one\ndata:two\n\n']), [
    { event: 'message', data: 'one\ntwo' },
  ]);
});

test('an event cut off by the end of the stream is dropped', async () => {
  assert.deepEqual(await events(['data: whole\n\ndata: half\n']), [{ event: 'message', data: 'whole' }]);
});

test('a reader that stops early frees the connection', async () => {
  let cancelled = false;
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue('data: x\n\n'),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const event of module.serverEvents(stream)) {
    assert.equal(event.data, 'x');
    break;
  }
  assert.ok(cancelled);
});
