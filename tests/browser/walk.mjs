import path from 'node:path';

import { World } from './browser.mjs';

/**
 * Walks through steps, `[name, step]` each, against the server at BASE_URL; `begin` gets the world and gives the steps.
 * After each one, nobody's page may have reported a fault. Pictures go to OUTPUT_DIR.
 */
export async function walk(name, begin) {
  const world = await World.open({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    baseUrl: required('BASE_URL'),
    outputDir: path.join(required('OUTPUT_DIR'), name),
  });
  let current = 'the walk begins';
  try {
    for (const [step, take] of await begin(world)) {
      current = step;
      await take();
      for (const person of world.people) person.faults.check(person.name);
      console.log(`ok ${step}`);
    }
  } catch (fault) {
    console.error(`not ok ${current}: ${fault.stack}`);
    for (const person of world.people) {
      if (person.faults.all.length > 0) console.error(`page of ${person.name}:\n  ${person.faults.all.join('\n  ')}`);
      await person.pictures.take('failure').catch(() => undefined);
    }
    process.exitCode = 1;
  } finally {
    await world.close();
  }
}

/** A name nobody had in an earlier walk. */
export function newName(stem) {
  return `${stem}-${Date.now().toString(36)}`;
}

function required(name) {
  const value = process.env[name];
  if (value) return value;
  console.error(`${name} is not set`);
  process.exit(2);
}
