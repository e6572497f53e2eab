// Walks through files: a small one that is sealed, a large one that goes past the API with its progress, downloading,
// renaming, deleting, and one that is not what it says it is.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { agree, open, registerByPasskey } from './sign-in.mjs';
import { newName, walk } from './walk.mjs';

const SMALL = { name: 'Befund Müller.txt', mimeType: 'text/plain', buffer: Buffer.from('Nothing broken.\n') };
const LARGE = { name: 'series.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(5 * 1024 * 1024, 'scan') };
const DISGUISED = { name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from('<html><script>alert(1)</script>') };
const OTHER = { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('Rest and ice.\n') };
const RENAMED = 'Befund Müller, linkes Knie.txt';

let nurse, page, pictures;

await walk('files', async (world) => {
  nurse = await world.person('nurse');
  ({ page, pictures } = nurse);
  return [
    ['there are no files at first', begin],
    ['a small file is stored', storeSmall],
    ['it comes back as it was, under its name', downloadSmall],
    ['a large file goes past the API', storeLarge],
    ['it comes back as well', downloadLarge],
    ['a file takes another name', rename],
    ['a page that says it is a picture is refused, and keeps no other back', refuseDisguised],
    ['what was refused is forgotten once something is stored', storeAfterRefusal],
    ['files outlive a reload, and a deleted one is gone', remove],
  ];
});

function rows() {
  return nurse.list('Your files').getByRole('listitem');
}

function choose(file) {
  return page.getByLabel('Files to store').setInputFiles(file);
}

async function begin() {
  await open(nurse);
  await registerByPasskey(nurse, newName('roentgen'), 'Anna Bertha');
  await nurse.goTo('Files');
  await page.getByText('No files yet.').waitFor();
  await pictures.take('no-files');
}

async function storeSmall() {
  await choose(SMALL);
  await nurse.list('Your files').getByText(SMALL.name).waitFor();
  assert.match(await rows().first().innerText(), /16 bytes · text\/plain/);
}

async function downloadSmall() {
  const { name, content } = await download(SMALL.name);
  assert.equal(name, SMALL.name);
  assert.deepEqual(content, SMALL.buffer);
}

async function storeLarge() {
  const puts = () => nurse.requests.filter((request) => request.startsWith('PUT /api/files/direct/')).length;
  const before = puts();
  await choose(LARGE);
  await nurse.list('Your files').getByText(LARGE.name).waitFor();
  assert.equal(puts(), before + 1, 'it went to the URL of the upload');
  assert.equal(await rows().count(), 2);
  await pictures.take('files');
  await pictures.takeDark('files');
  await pictures.takeNarrow('files');
}

async function downloadLarge() {
  const { content } = await download(LARGE.name);
  assert.ok(content.equals(LARGE.buffer));
}

async function rename() {
  await nurse.button(`Rename ${SMALL.name}`).click();
  await page.getByLabel('Name of the file').fill(RENAMED);
  await nurse.button('Save').click();
  await nurse.button(`Rename ${RENAMED}`).waitFor();
  assert.equal((await download(RENAMED)).name, RENAMED);
}

async function refuseDisguised() {
  nurse.faults.expect('415 POST /api/files');
  await choose([DISGUISED, OTHER]);
  await page.getByText(`“${DISGUISED.name}”: The file is not what it says it is`).waitFor();
  await nurse.list('Your files').getByText(OTHER.name).waitFor();
  assert.equal(await rows().count(), 3);
  assert.equal(await page.getByText(/ stored$/).count(), 0, 'nothing says that all went well');
  await pictures.takeAll('refused');
}

async function storeAfterRefusal() {
  await choose([{ ...OTHER, name: 'one.txt' }, { ...OTHER, name: 'two.txt' }]);
  await page.getByText('2 files stored').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  for (const name of ['one.txt', 'two.txt', OTHER.name]) {
    await nurse.button(`Delete ${name}`).click();
    await agree(nurse, 'Delete this file?', 'Delete');
    await nurse.list('Your files').getByText(name).waitFor({ state: 'hidden' });
  }
}

async function remove() {
  await page.reload();
  await nurse.button(`Delete ${LARGE.name}`).click();
  await agree(nurse, 'Delete this file?', 'Delete');
  await nurse.list('Your files').getByText(LARGE.name).waitFor({ state: 'hidden' });
  await page.reload();
  await nurse.list('Your files').getByText(RENAMED).waitFor();
  assert.equal(await rows().count(), 1);
}

async function download(name) {
  const waiting = page.waitForEvent('download');
  await page.getByRole('link', { name: `Download ${name}`, exact: true }).click();
  const got = await waiting;
  return { name: got.suggestedFilename(), content: await readFile(await got.path()) };
}
