import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../testing/load.mjs';

const { DISMISSED, Problem, repeatAfterStepUp } = await load('./testing/modules.ts');
const wanted = () => new Problem(403, 'step_up_required', 'Confirm that it is you');

/** A call that needs a step-up until there was one, and counts how often it was made. */
function guardedCall(state) {
  state.calls = 0;
  return async () => {
    state.calls += 1;
    if (!state.fresh) throw wanted();
    return `answer ${state.calls}`;
  };
}

test('a call that needs no step-up asks for none', async () => {
  const call = repeatAfterStepUp(() => assert.fail('nobody needs to be asked'));
  assert.equal(await call(async () => 'answer'), 'answer');
});

test('a call that needs one is repeated after it', async () => {
  const state = { fresh: false };
  const call = repeatAfterStepUp(async () => (state.fresh = true));
  assert.equal(await call(guardedCall(state)), 'answer 2');
});

test('a step-up that was dismissed fails the call as dismissed, without repeating it', async () => {
  const state = { fresh: false };
  const call = repeatAfterStepUp(async () => false);
  await assert.rejects(call(guardedCall(state)), (fault) => fault === DISMISSED);
  assert.equal(state.calls, 1);
});

test('a call that is refused again after the step-up is not repeated for ever', async () => {
  const state = { fresh: false };
  let asked = 0;
  const call = repeatAfterStepUp(async () => Boolean((asked += 1)));
  await assert.rejects(call(guardedCall(state)), { code: 'step_up_required' });
  assert.equal(state.calls, 2);
  assert.equal(asked, 1);
});

test('calls at the same time share one step-up, later ones ask anew', async () => {
  const state = { fresh: false };
  let asked = 0;
  const call = repeatAfterStepUp(async () => {
    asked += 1;
    state.fresh = true;
    return true;
  });
  await Promise.all([call(guardedCall(state)), call(guardedCall(state)), call(guardedCall(state))]);
  assert.equal(asked, 1);
  state.fresh = false;
  await call(guardedCall(state));
  assert.equal(asked, 2);
});

test('other refusals pass through', async () => {
  const call = repeatAfterStepUp(() => assert.fail('a step-up would not help'));
  await assert.rejects(
    call(() => Promise.reject(new Problem(403, 'forbidden', 'Not for you'))),
    { code: 'forbidden' },
  );
  await assert.rejects(
    call(() => Promise.reject(new TypeError('no problem at all'))),
    TypeError,
  );
});

test('a step-up that fails itself fails the call, and the next call asks again', async () => {
  const state = { fresh: false };
  let broken = true;
  const call = repeatAfterStepUp(async () => {
    if (broken) throw new Problem(0, 'unreachable', 'Ward can’t be reached');
    return (state.fresh = true);
  });
  await assert.rejects(call(guardedCall(state)), { code: 'unreachable' });
  broken = false;
  assert.equal(await call(guardedCall(state)), 'answer 2');
});
